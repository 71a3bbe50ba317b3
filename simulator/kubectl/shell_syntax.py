"""The grammar of the workstation's shell: words, quotes, pipes, redirections, lists and here-documents.

A small, honest part of bash: what is outside it is refused by name instead of being done wrongly. Follows
https://www.gnu.org/software/bash/manual/bash.html#Basic-Shell-Features.

Promises: pure; a line is either a list of pipelines or a `ShellSyntaxError` with bash's words.
"""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_COMMANDS = 50


class ShellSyntaxError(Exception):
    """The line cannot be understood."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a word: literal text, or text in which `$NAME` is still to be replaced."""

    text: str
    expand: bool
    split: bool = False
    """Whether the replaced text is split into words at spaces (it stood outside quotes)."""


Word = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Redirect:
    """`<`, `>`, `>>`, `2>`, `2>&1` or a here-document (`<<`) with its text."""

    sign: str
    target: Word


@dataclass(slots=True)
class Simple:
    """One command with its words and redirections."""

    words: list[Word] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)


@dataclass(slots=True)
class Pipeline:
    """Commands joined by `|`, and how this pipeline hangs on the one before (`;`, `&&`, `||`)."""

    joint: str
    commands: list[Simple]
    source: str = ""
    """The line from this pipeline to its end: what is left to run when the one before goes on."""
    text: str = ""
    """What was typed of it alone."""
    is_background: bool = False


_OPERATORS = (
    "&&",
    "||",
    ";;",
    "<<<",
    "<<-",
    "<<",
    ">>",
    "2>&1",
    "&>",
    "2>",
    ">&2",
    ";",
    "|",
    "&",
    "<",
    ">",
    "(",
    ")",
    "\n",
)


def parse_line(line: str) -> list[Pipeline]:
    """The pipelines of a line (which may have several lines when it holds here-documents)."""
    return _Parser(_Lexer(line).tokens(), line).pipelines()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """`word` or the operator itself."""
    word: Word = ()
    at: int = 0


class _Lexer:
    def __init__(self, line: str) -> None:
        self.line = line
        self.at = 0
        self.waiting: list[tuple[int, str, bool, bool]] = []
        """Here-documents whose text comes after this line: token index, delimiter, strip tabs, literal."""
        self.found: list[_Token] = []

    def tokens(self) -> list[_Token]:
        while self.at < len(self.line):
            rune = self.line[self.at]
            if rune in " \t":
                self.at += 1
            elif self.line.startswith("\\\n", self.at):
                self.at += 2
            elif rune == "#" and (self.at == 0 or self.line[self.at - 1] in " \t\n;|&"):
                self._skip_comment()
            elif operator := next((sign for sign in _OPERATORS if self.line.startswith(sign, self.at)), None):
                self._operator(operator)
            else:
                start = self.at
                self.found.append(_Token("word", self._word(), start))
        self._take_documents()
        return self.found

    def _skip_comment(self) -> None:
        end = self.line.find("\n", self.at)
        self.at = len(self.line) if end < 0 else end

    def _operator(self, sign: str) -> None:
        start = self.at
        self.at += len(sign)
        if sign in ("<<", "<<-"):
            self._here_document(sign)
            return
        self.found.append(_Token(sign, (), start))
        if sign == "\n":
            self._take_documents()

    def _here_document(self, sign: str) -> None:
        while self.line[self.at : self.at + 1] in (" ", "\t"):
            self.at += 1
        raw_start = self.at
        word = self._word()
        if not word:
            raise ShellSyntaxError("syntax error near unexpected token `newline'")
        raw = self.line[raw_start : self.at]
        delimiter = "".join(part.text for part in word)
        self.waiting.append((len(self.found), delimiter, sign == "<<-", any(q in raw for q in "'\"\\")))
        self.found.append(_Token("<<"))

    def _take_documents(self) -> None:
        for index, delimiter, strip, literal in self.waiting:
            lines: list[str] = []
            while self.at < len(self.line):
                end = self.line.find("\n", self.at)
                end = len(self.line) if end < 0 else end
                text = self.line[self.at : end]
                self.at = min(end + 1, len(self.line))
                text = text.lstrip("\t") if strip else text
                if text == delimiter:
                    break
                lines.append(text + "\n")
            body = "".join(lines)
            self.found[index] = _Token("<<", (Part(body, expand=not literal),))
        self.waiting = []

    def _word(self) -> Word:
        parts: list[Part] = []
        plain = ""
        while self.at < len(self.line):
            rune = self.line[self.at]
            if rune in " \t\n;|&<>()":
                break
            if rune == "\\":
                if plain:
                    parts.append(Part(plain, expand=True, split=True))
                    plain = ""
                if self.line[self.at + 1 : self.at + 2] != "\n":
                    parts.append(Part(self.line[self.at + 1 : self.at + 2], expand=False))
                self.at += 2
            elif rune in "'\"":
                if plain:
                    parts.append(Part(plain, expand=True, split=True))
                    plain = ""
                parts.extend(self._quoted(rune))
            elif self.line.startswith(("$(", "`"), self.at):
                raise ShellSyntaxError(
                    "command substitution is not available in this terminal: run the command by itself first"
                )
            elif self.line.startswith("${", self.at):
                end = self.line.find("}", self.at)
                if end < 0:
                    raise ShellSyntaxError("unexpected EOF while looking for matching `}'")
                plain += self.line[self.at : end + 1]
                self.at = end + 1
            else:
                plain += rune
                self.at += 1
        if plain:
            parts.append(Part(plain, expand=True, split=True))
        return tuple(parts)

    def _quoted(self, quote: str) -> list[Part]:
        end = self.at + 1
        text = ""
        parts: list[Part] = []
        while end < len(self.line) and self.line[end] != quote:
            if quote == '"' and self.line[end] == "\\" and self.line[end + 1 : end + 2] in ('"', "\\", "$", "`", "\n"):
                escaped = self.line[end + 1]
                if escaped == "$":
                    parts += [Part(text, expand=True), Part("$", expand=False)]
                    text = ""
                elif escaped != "\n":
                    text += escaped
                end += 2
                continue
            if quote == '"' and self.line.startswith(("$(", "`"), end):
                raise ShellSyntaxError(
                    "command substitution is not available in this terminal: run the command by itself first"
                )
            text += self.line[end]
            end += 1
        if end >= len(self.line):
            raise ShellSyntaxError(f"unexpected EOF while looking for matching `{quote}'")
        self.at = end + 1
        return [*parts, Part(text, expand=quote == '"')]


class _Parser:
    def __init__(self, tokens: list[_Token], line: str) -> None:
        self.tokens = tokens
        self.line = line
        self.at = 0

    def pipelines(self) -> list[Pipeline]:
        found: list[Pipeline] = []
        joint = ";"
        while self.at < len(self.tokens):
            if self.tokens[self.at].kind == "\n":
                self.at += 1
                continue
            start = self.tokens[self.at].at
            found.append(Pipeline(joint, self._pipeline(), self.line[start:]))
            end = self.tokens[self.at].at if self.at < len(self.tokens) else len(self.line)
            found[-1].text = self.line[start:end].strip()
            if len(found) > MAX_COMMANDS:
                raise ShellSyntaxError(f"too many commands in one line: wanted at most {MAX_COMMANDS}")
            found[-1].is_background = self._is_at("&")
            if found[-1].is_background and found[-1].joint != ";":
                raise ShellSyntaxError("a list joined by && or || cannot go to the background in this terminal")
            joint = self._joint()
        return found

    def _is_at(self, sign: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at].kind == sign

    def _joint(self) -> str:
        if self.at >= len(self.tokens):
            return ";"
        kind = self.tokens[self.at].kind
        if kind in (";", "\n", "&"):
            self.at += 1
            return ";"
        if kind in ("&&", "||"):
            self.at += 1
            while self.at < len(self.tokens) and self.tokens[self.at].kind == "\n":
                self.at += 1
            if self.at >= len(self.tokens):
                raise ShellSyntaxError("syntax error: unexpected end of file")
            return kind
        raise self._unexpected()

    def _pipeline(self) -> list[Simple]:
        commands = [self._simple()]
        while self.at < len(self.tokens) and self.tokens[self.at].kind == "|":
            self.at += 1
            while self.at < len(self.tokens) and self.tokens[self.at].kind == "\n":
                self.at += 1
            commands.append(self._simple())
        return commands

    def _simple(self) -> Simple:
        command = Simple()
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if token.kind == "word":
                command.words.append(token.word)
                self.at += 1
            elif token.kind == "<<":
                command.redirects.append(Redirect("<<", token.word))
                self.at += 1
            elif token.kind in ("2>&1", ">&2"):
                command.redirects.append(Redirect(token.kind, ()))
                self.at += 1
            elif token.kind in ("<", ">", ">>", "2>", "&>", "<<<"):
                command.redirects.append(Redirect(token.kind, self._redirect_target()))
            else:
                break
        if not command.words and not command.redirects:
            raise self._unexpected()
        return command

    def _redirect_target(self) -> Word:
        self.at += 1
        if self.at >= len(self.tokens) or self.tokens[self.at].kind != "word":
            raise self._unexpected()
        self.at += 1
        return self.tokens[self.at - 1].word

    def _unexpected(self) -> ShellSyntaxError:
        if self.at >= len(self.tokens):
            return ShellSyntaxError("syntax error: unexpected end of file")
        kind = self.tokens[self.at].kind
        if kind in ("(", ")"):
            return ShellSyntaxError(f"syntax error near unexpected token `{kind}'")
        shown = "newline" if kind == "\n" else kind
        return ShellSyntaxError(f"syntax error near unexpected token `{shown}'")
