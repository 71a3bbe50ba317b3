"""Reads a lesson's folder into a `Lesson`, strictly: this module is the lesson format.

    lessons/<track>/track.yaml           title, summary, order
    lessons/<track>/<nn-slug>/
      lesson.yaml                        what it is, the cluster, the steps with their questions, checks and hints
      text.md, text.<lang>.md            a section `## <step id>` a step
      start/*.yaml                       the cluster's configuration and what is applied to it
      solution.yaml, wrong/*.yaml        recorded ways through it, replayed by the tests

Promises: `LessonRefused` lists every mistake with file, line, what was found and what was wanted; a lesson that is
returned has unique ids, text for every step, and no reference to anything that does not exist.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from catalog import checks
from catalog.cursor import Cursor, Findings, open_yaml
from catalog.errors import LessonRefused
from catalog.lesson import (
    DEFAULT_LANGUAGE,
    Check,
    ClusterSetup,
    Figure,
    Lesson,
    Option,
    PlainMap,
    Question,
    Script,
    Step,
    Track,
    Value,
)
from catalog.prose import chip_mistakes

FORMAT = 1
ID = re.compile(r"[a-z][a-z0-9-]{0,39}")
SLUG = re.compile(r"\d\d-[a-z0-9-]+")
SECTION = re.compile(r"^## +(?P<id>\S+)\s*$", re.MULTILINE)
TEXT_FILE = re.compile(r"text(\.(?P<language>[a-z]{2}))?\.md")
FIGURES = {"wanted-ready"}
ACTIONS = ("shell", "apply", "fault", "wait_s", "predict")


def read_track(folder: Path, *, on_refused: Callable[[LessonRefused], None] | None = None) -> Track:
    """The track in `folder` with its lessons, in the order of their numbers.

    A refused lesson ends the reading, or is left out after `on_refused` was told.
    """
    findings = Findings(root=folder.parent)
    fields = open_yaml(findings, folder / "track.yaml").fields(required=("title", "summary", "order"))
    title, summary = _text(fields, "title", 80), _text(fields, "summary", 300)
    order = fields["order"].number(most=999) if "order" in fields else 0
    if findings.problems:
        raise LessonRefused(findings.problems)
    lessons = _lessons(folder, on_refused)
    return Track(slug=folder.name, title=title, summary=summary, order=order, lessons=tuple(lessons))


def _lessons(folder: Path, on_refused: Callable[[LessonRefused], None] | None) -> Iterator[Lesson]:
    for path in sorted(folder.glob("*/lesson.yaml")):
        try:
            yield read_lesson(path.parent)
        except LessonRefused as refused:
            if on_refused is None:
                raise
            on_refused(refused)


def read_lesson(folder: Path) -> Lesson:
    """The lesson in `folder`, or `LessonRefused` with everything that is wrong with it."""
    findings = Findings(root=folder.parent.parent)
    cursor = open_yaml(findings, folder / "lesson.yaml")
    if cursor.node is None and findings.problems:
        raise LessonRefused(findings.problems)
    lesson = _lesson(cursor, folder)
    _check_ids(cursor, lesson)
    if findings.problems:
        raise LessonRefused(findings.problems)
    return lesson


def _lesson(cursor: Cursor, folder: Path) -> Lesson:
    if not SLUG.fullmatch(folder.name):
        cursor.refuse("a folder named like 01-a-few-words", folder.name)
    fields = cursor.fields(
        required=("format", "title", "summary", "minutes", "objectives", "cluster", "steps"),
        optional=("concepts",),
    )
    if "format" in fields and fields["format"].number(least=1) != FORMAT:
        fields["format"].refuse(f"format {FORMAT}, the one this version reads")
    texts = _texts(cursor.findings, folder)
    return Lesson(
        ref=f"{folder.parent.name}/{folder.name}",
        title=_text(fields, "title", 80),
        summary=_text(fields, "summary", 300),
        minutes=fields["minutes"].number(least=1, most=240) if "minutes" in fields else 1,
        objectives=_lines(fields, "objectives", least=1),
        concepts=_lines(fields, "concepts"),
        setup=_setup(fields["cluster"], folder) if "cluster" in fields else ClusterSetup("", None, 1, (), 0),
        steps=fields["steps"].list_of(lambda item: _step(item, texts), least=1) if "steps" in fields else (),
        solution=_script(cursor.findings, folder / "solution.yaml", is_wrong=False),
        wrong=tuple(
            _script(cursor.findings, path, is_wrong=True) for path in sorted((folder / "wrong").glob("*.yaml"))
        ),
        folder=folder,
    )


def _text(fields: Mapping[str, Cursor], name: str, longest: int) -> str:
    return fields[name].text(longest=longest) if name in fields else ""


def _prose(fields: Mapping[str, Cursor], name: str, longest: int) -> str:
    """A text in which objects may be named by `[[…]]`."""
    text = _text(fields, name, longest)
    for mistake in chip_mistakes(text):
        fields[name].refuse("[[name]], [[kind/name]] or [[namespace/kind/name]], with |label if wished", mistake)
    return text


def _lines(fields: Mapping[str, Cursor], name: str, *, least: int = 0) -> tuple[str, ...]:
    return fields[name].list_of(lambda item: item.text(longest=300), least=least) if name in fields else ()


def _texts(findings: Findings, folder: Path) -> dict[str, dict[str, str]]:
    """Language -> step id -> Markdown."""
    texts: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("text*.md")):
        match = TEXT_FILE.fullmatch(path.name)
        if match is None:
            findings.add(path, 1, "the file", path.name, "text.md or text.<two letters>.md")
            continue
        texts[match["language"] or DEFAULT_LANGUAGE] = _sections(findings, path)
    if DEFAULT_LANGUAGE not in texts:
        findings.add(folder / "text.md", 1, "the file", "no such file", "a section '## <step id>' for each step")
    return texts


def _sections(findings: Findings, path: Path) -> dict[str, str]:
    text = path.read_text(encoding="utf-8")
    heads = list(SECTION.finditer(text))
    before = text[: heads[0].start()] if heads else text
    if before.strip():
        findings.add(path, 1, "the file", "text before the first section", "'## <step id>' first")
    sections: dict[str, str] = {}
    for head, after in zip(heads, [*heads[1:], None], strict=True):
        line = text.count("\n", 0, head.start()) + 1
        body = text[head.end() : after.start() if after else len(text)].strip()
        if head["id"] in sections:
            findings.add(path, line, head["id"], "this section twice", "each section once")
        if not body:
            findings.add(path, line, head["id"], "an empty section", "text")
        for mistake in chip_mistakes(body):
            findings.add(path, line, head["id"], mistake, "[[name]], [[kind/name]] or [[namespace/kind/name]]")
        sections[head["id"]] = body
    return sections


def _setup(cursor: Cursor, folder: Path) -> ClusterSetup:
    fields = cursor.fields(optional=("config", "template", "seed", "apply", "settle_s"))
    if ("config" in fields) == ("template" in fields):
        cursor.refuse("exactly one of 'config', 'template'", "both" if "config" in fields else "neither")
    return ClusterSetup(
        config=_file(fields["config"], folder) if "config" in fields else "",
        template=_text(fields, "template", 40) or None,
        seed=fields["seed"].number(least=1) if "seed" in fields else 1,
        manifests=fields["apply"].list_of(lambda item: _file(item, folder)) if "apply" in fields else (),
        settle_s=fields["settle_s"].number(most=3600) if "settle_s" in fields else 0,
    )


def _file(cursor: Cursor, folder: Path) -> str:
    """The text of a file of the lesson, named relative to its folder."""
    name = cursor.text(longest=200)
    path = (folder / name).resolve()
    if not name or not path.is_relative_to(folder.resolve()):
        cursor.refuse("a file inside the lesson's folder", repr(name))
        return ""
    if not path.is_file():
        cursor.refuse("a file inside the lesson's folder", f"{name!r}, which does not exist")
        return ""
    return path.read_text(encoding="utf-8")


def _step(cursor: Cursor, texts: Mapping[str, Mapping[str, str]]) -> Step:
    fields = cursor.fields(required=("id", "title"), optional=("figure", "question", "checks", "hints"))
    step_id = _id(fields)
    if step_id and step_id not in texts.get(DEFAULT_LANGUAGE, {}):
        cursor.refuse(f"a section '## {step_id}' in text.md", "none")
    return Step(
        id=step_id,
        title=_text(fields, "title", 80),
        text={language: sections[step_id] for language, sections in texts.items() if step_id in sections},
        figure=_figure(fields["figure"]) if "figure" in fields else None,
        question=_question(fields["question"]) if "question" in fields else None,
        checks=fields["checks"].list_of(_check, least=1) if "checks" in fields else (),
        hints=fields["hints"].list_of(_hint, least=1) if "hints" in fields else (),
    )


def _id(fields: Mapping[str, Cursor]) -> str:
    text = _text(fields, "id", 40)
    if text and not ID.fullmatch(text):
        fields["id"].refuse("small letters, digits and hyphens, beginning with a letter", repr(text))
    return text


def _hint(cursor: Cursor) -> str:
    return _prose({"hint": cursor}, "hint", 600)


def _check(cursor: Cursor) -> Check:
    fields = cursor.fields(required=("id", "say"), optional=checks.TESTS)
    return Check(id=_id(fields), say=_prose(fields, "say", 200), test=checks.read_test(cursor, fields))


def _figure(cursor: Cursor) -> Figure:
    fields = cursor.fields(required=("kind", "resource", "namespace", "name", "caption"))
    return Figure(
        kind=fields["kind"].word(FIGURES) if "kind" in fields else "",
        resource=_text(fields, "resource", 100),
        namespace=_text(fields, "namespace", 63),
        name=_text(fields, "name", 253),
        caption=_prose(fields, "caption", 300),
    )


def _question(cursor: Cursor) -> Question:
    fields = cursor.fields(required=("id", "ask", "options", "answer", "right", "wrong"), optional=("reveal",))
    question = Question(
        id=_id(fields),
        ask=_prose(fields, "ask", 300),
        options=_options(fields["options"]) if "options" in fields else (),
        answer=_answer(fields["answer"]) if "answer" in fields else "",
        reveal=_text(fields, "reveal", 40) or None,
        right=_prose(fields, "right", 600),
        wrong=_prose(fields, "wrong", 600),
    )
    if isinstance(question.options, tuple) and isinstance(question.answer, str) and "answer" in fields:
        known = [option.id for option in question.options]
        if question.answer not in known:
            fields["answer"].refuse(f"one of the options {', '.join(known)}", repr(question.answer))
    if isinstance(question.answer, Value) and question.reveal is None and "answer" in fields:
        fields["answer"].refuse("'reveal' beside an answer that is read from the cluster", "no 'reveal'")
    return question


def _is_mapping(cursor: Cursor) -> bool:
    return cursor.node is not None and cursor.node.tag.endswith(":map")


def _options(cursor: Cursor) -> tuple[Option, ...] | Value:
    if _is_mapping(cursor):
        return _value(cursor)
    options = cursor.list_of(_option, least=2)
    if len({option.id for option in options}) < len(options):
        cursor.refuse("options that differ", "the same one twice")
    return options


def _option(cursor: Cursor) -> Option:
    if _is_mapping(cursor):
        fields = cursor.fields(required=("id", "text"))
        return Option(id=_text(fields, "id", 63), text=_prose(fields, "text", 120))
    text = cursor.text(longest=63)
    return Option(id=text, text=text)


def _answer(cursor: Cursor) -> str | Value:
    return _value(cursor) if _is_mapping(cursor) else cursor.text(longest=63)


def _value(cursor: Cursor) -> Value:
    fields = cursor.fields(required=("value",))
    return Value(query=checks.read_value(fields["value"]) if "value" in fields else {})


def _script(findings: Findings, path: Path, *, is_wrong: bool) -> Script:
    cursor = open_yaml(findings, path)
    if cursor.node is None:
        return Script(path.stem, "", (), None, (), ())
    fields = cursor.fields(
        required=("why", "do", "fails") if is_wrong else ("do",), optional=("step", "passes") if is_wrong else ()
    )
    folder = path.parent.parent if is_wrong else path.parent
    return Script(
        name=path.stem,
        why=_text(fields, "why", 300),
        actions=fields["do"].list_of(lambda item: _action(item, folder), least=1) if "do" in fields else (),
        step=_text(fields, "step", 40) or None,
        passes=_lines(fields, "passes"),
        fails=_lines(fields, "fails", least=1),
    )


def _action(cursor: Cursor, folder: Path) -> PlainMap:
    fields = cursor.fields(optional=ACTIONS)
    if len(fields) != 1:
        cursor.refuse(f"exactly one of {', '.join(ACTIONS)}", ", ".join(fields) or "none of them")
        return {}
    name, field = next(iter(fields.items()))
    if name == "shell":
        return {"shell": _shell(field)}
    if name == "apply":
        return {"apply": _file(field, folder)}
    if name == "wait_s":
        return {"wait_s": field.number(least=1, most=86_400)}
    wanted = ("fault", "target") if name == "fault" else ("question", "option")
    parts = field.fields(required=wanted)
    return {name: {part: _text(parts, part, 300) for part in wanted}}


def _shell(cursor: Cursor) -> PlainMap:
    if not _is_mapping(cursor):
        return {"line": cursor.text()}
    fields = cursor.fields(required=("line",), optional=("stdin",))
    return {name: field.text(longest=100_000) for name, field in fields.items()}


def _check_ids(cursor: Cursor, lesson: Lesson) -> None:
    """Every id once, every name of an id known."""
    step_ids = [step.id for step in lesson.steps]
    check_ids = [check.id for step in lesson.steps for check in step.checks]
    question_ids = [step.question.id for step in lesson.steps if step.question]
    for kind, ids in (("step", step_ids), ("check", check_ids), ("question", question_ids)):
        for twice in sorted({name for name in ids if ids.count(name) > 1}):
            cursor.refuse(f"each {kind} id once in a lesson", f"{twice!r} more than once")
    reveals = [step.question.reveal for step in lesson.steps if step.question and step.question.reveal]
    _refuse_unknown(cursor, "a check of this lesson to reveal by", reveals, check_ids)
    for script in lesson.wrong:
        _refuse_unknown(cursor, f"a step in wrong/{script.name}.yaml", [script.step] if script.step else [], step_ids)
        _refuse_unknown(
            cursor, f"checks of this lesson in wrong/{script.name}.yaml", [*script.passes, *script.fails], check_ids
        )
    for sections in sorted(path.name for path in lesson.folder.glob("text*.md")):
        _refuse_stray_sections(cursor, lesson.folder / sections, step_ids)


def _refuse_unknown(cursor: Cursor, wanted: str, names: Iterable[str], known: list[str]) -> None:
    for name in names:
        if name not in known:
            cursor.refuse(f"{wanted} ({', '.join(known) or 'there are none'})", repr(name))


def _refuse_stray_sections(cursor: Cursor, path: Path, step_ids: list[str]) -> None:
    text = path.read_text(encoding="utf-8")
    for head in SECTION.finditer(text):
        if head["id"] not in step_ids:
            line = text.count("\n", 0, head.start()) + 1
            cursor.findings.add(path, line, head["id"], "a section without a step", f"one of {', '.join(step_ids)}")
