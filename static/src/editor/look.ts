/** The editor's look: the site's tokens, so that it follows the theme by itself. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const theme = EditorView.theme({
  "&": { height: "100%", color: "var(--ink)", backgroundColor: "var(--surface)", fontSize: "12.6px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5" },
  ".cm-content": { padding: "6px 0", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0 12px 0 2px" },
  ".cm-cursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--lane-soft)" },
  ".cm-gutters": { color: "var(--ink-3)", backgroundColor: "var(--surface)", border: "0" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "34px", padding: "0 10px 0 4px" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--sunken) 45%, transparent)" },
  ".cm-activeLineGutter": { color: "var(--ink)", backgroundColor: "transparent" },
  ".cm-changed.cm-line": { backgroundColor: "var(--brand-soft)" },
  ".cm-changed.cm-gutterElement": { backgroundColor: "var(--brand-soft)", boxShadow: "inset 4px 0 0 var(--brand)", color: "var(--ink-2)" },
  ".cm-gutter-lint .cm-changed.cm-gutterElement": { boxShadow: "none" },
  ".cm-gutter-lint": { width: "14px" },
  ".cm-hint": { padding: "0 4px 0 12px", font: "450 12px/1.3 var(--sans)", color: "var(--failed-ink)" },
  ".cm-hint.warning": { color: "var(--pending-e)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--failed-e) 1.2px", textUnderlineOffset: "3px" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--pending-e) 1.2px", textUnderlineOffset: "3px" },
  ".cm-tooltip": { maxWidth: "min(420px, 90vw)", color: "var(--ink)", backgroundColor: "var(--raised)", border: "1px solid var(--line-2)", borderRadius: "6px", fontFamily: "var(--sans)", fontSize: "13px" },
  ".cm-tooltip .cm-doc": { padding: "8px 12px", maxHeight: "220px", overflow: "auto", whiteSpace: "pre-wrap" },
  ".cm-tooltip .cm-doc b": { fontFamily: "var(--mono)" },
  ".cm-diagnostic": { padding: "6px 12px", borderLeft: "3px solid var(--failed-e)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--pending-e)" },
  ".cm-diagnosticAction": { backgroundColor: "var(--ink)", color: "var(--surface)", borderRadius: "4px", padding: "2px 8px" },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "210px" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "3px 10px", lineHeight: "1.4" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { color: "var(--surface)", backgroundColor: "var(--ink)" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-completionDetail": { fontFamily: "var(--sans)", fontStyle: "normal", fontSize: "12px", color: "inherit", opacity: "0.85", marginLeft: "1em" },
  ".cm-completionInfo": { padding: "8px 12px", maxWidth: "320px" },
  ".cm-placeholder": { color: "var(--ink-3)", whiteSpace: "normal" },
  ".cm-panels": { color: "var(--ink)", backgroundColor: "var(--sunken)", borderColor: "var(--line)" },
  ".cm-searchMatch": { backgroundColor: "var(--pending-s)", outline: "1px solid var(--pending-e)" },
});

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--code-key)" },
  { tag: [tags.string, tags.content, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--code-number)" },
  { tag: [tags.comment, tags.meta], color: "var(--ink-3)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace], color: "var(--ink-2)" },
  { tag: tags.invalid, color: "var(--failed-e)" },
]);

export const look: Extension = [theme, syntaxHighlighting(colours)];
