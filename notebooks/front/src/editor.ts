/** CodeMirror for SQL, loaded when SQL is first shown. The data plane completes, because it knows the tables. */

import { autocompletion, closeBrackets, closeBracketsKeymap, closeCompletion, completionKeymap, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { PostgreSQL, SQLDialect, sql } from "@codemirror/lang-sql";
import { HighlightStyle, bracketMatching, syntaxHighlighting } from "@codemirror/language";
import { lintKeymap, setDiagnostics } from "@codemirror/lint";
import { EditorState, Prec, Transaction } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";

import type { Completions } from "./shapes.ts";

export interface EditorOptions {
  text: string;
  changed: (text: string) => void;
  run: () => void;
  complete: (sql: string, position: number, signal: AbortSignal) => Promise<Completions>;
}

const DUCKDB = SQLDialect.define({
  ...PostgreSQL.spec,
  keywords: `${PostgreSQL.spec.keywords ?? ""} asof anti semi pivot unpivot qualify summarize describe exclude replace columns sample macro struct list positional ignore nulls`,
});

const HIGHLIGHT = HighlightStyle.define([
  { tag: tags.keyword, class: "d-sql-keyword" },
  { tag: [tags.string, tags.special(tags.string)], class: "d-sql-string" },
  { tag: [tags.number, tags.bool, tags.null], class: "d-sql-number" },
  { tag: [tags.lineComment, tags.blockComment], class: "d-sql-comment" },
  { tag: [tags.typeName, tags.standard(tags.name)], class: "d-sql-type" },
]);

const KINDS: Record<string, string> = { keyword: "keyword", table: "class", column: "property", function: "function" };
const BOOST: Record<string, number> = { column: 3, table: 2, function: 1, keyword: 0 };

/** The data plane counts characters, the browser UTF-16 units; they differ behind an emoji. */
export function toCharacters(text: string, units: number): number {
  return [...text.slice(0, units)].length;
}

export function toUnits(text: string, characters: number): number {
  return [...text].slice(0, characters).join("").length;
}

function source(complete: EditorOptions["complete"]): (context: CompletionContext) => Promise<CompletionResult | null> {
  return async (context) => {
    const before = context.matchBefore(/[\w.]+/);
    if (!before && !context.explicit) return null;
    const text = context.state.doc.toString();
    const stop = new AbortController();
    context.addEventListener("abort", () => stop.abort());
    // no suggestions are no failure of the person's: they type on
    const found = await complete(text, toCharacters(text, context.pos), stop.signal).catch(() => null);
    if (!found || context.aborted) return null;
    const options = found.items.map(({ label, kind, detail }) => ({ label, type: KINDS[kind] ?? "text", boost: BOOST[kind] ?? 0, ...(detail ? { detail } : {}) }));
    return { from: toUnits(text, found.start), to: toUnits(text, found.end), options, validFor: /^\w*$/ };
  };
}

export class Editor {
  private readonly view: EditorView;

  constructor(parent: HTMLElement, options: EditorOptions) {
    const run = (view: EditorView) => {
      closeCompletion(view); // it would lie over the result
      options.run();
      return true;
    };
    this.view = new EditorView({
      parent,
      state: EditorState.create({
        doc: options.text,
        extensions: [
          Prec.highest(keymap.of([{ key: "Mod-Enter", run }])),
          lineNumbers(),
          history(),
          drawSelection(),
          highlightActiveLine(),
          bracketMatching(),
          closeBrackets(),
          EditorView.lineWrapping,
          sql({ dialect: DUCKDB }),
          syntaxHighlighting(HIGHLIGHT),
          autocompletion({ override: [source(options.complete)], icons: false }),
          placeholder("SELECT * FROM …"),
          EditorView.contentAttributes.of({ "aria-label": "SQL" }),
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap, indentWithTab]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) options.changed(update.state.doc.toString());
          }),
        ],
      }),
    });
  }

  get text(): string {
    return this.view.state.doc.toString();
  }

  set text(text: string) {
    if (text !== this.text) this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text }, annotations: Transaction.userEvent.of("input.set") });
  }

  focus(): void {
    this.view.focus();
  }

  insert(text: string): void {
    this.view.dispatch(this.view.state.replaceSelection(text));
    this.focus();
  }

  /** A wave under what is wrong, from line and column to the end of that word. */
  mark(line: number, column: number, message: string): void {
    const from = this.offset(line, column);
    const word = this.view.state.wordAt(from);
    const to = Math.max(word?.to ?? from + 1, from);
    this.view.dispatch(setDiagnostics(this.view.state, [{ from: Math.min(from, this.view.state.doc.length), to: Math.min(to, this.view.state.doc.length), severity: "error", message }]));
  }

  clearMarks(): void {
    this.view.dispatch(setDiagnostics(this.view.state, []));
  }

  goTo(line: number, column: number): void {
    const anchor = this.offset(line, column);
    this.view.dispatch({ selection: { anchor }, scrollIntoView: true });
    this.focus();
  }

  private offset(line: number, column: number): number {
    const { doc } = this.view.state;
    const at = doc.line(Math.max(1, Math.min(line, doc.lines)));
    return Math.min(at.to, at.from + toUnits(at.text, Math.max(0, column - 1)));
  }
}
