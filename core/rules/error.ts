import { TouchstoneError } from '../errors.ts';

/** A place in an expression: from `start` up to, not including, `end`, in characters from 0. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What is wrong with an expression, and where. `excerpt` shows the line with carets under the place. */
export class RuleError extends TouchstoneError {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  readonly excerpt: string;

  constructor(problem: string, text: string, span: Span, owner: string) {
    const { line, column, shown } = placeOf(text, span.start);
    super('BAD_RULE', `${owner}:${line}:${column}: ${problem}`);
    this.line = line;
    this.column = column;
    const width = Math.max(1, Math.min(span.end, span.start + shown.length - column + 1) - span.start);
    this.excerpt = `${shown}\n${' '.repeat(column - 1)}${'^'.repeat(width)}`;
  }
}

function placeOf(text: string, offset: number): { line: number; column: number; shown: string } {
  const before = text.slice(0, offset).split('\n');
  const line = before.length;
  return { line, column: before.at(-1)!.length + 1, shown: text.split('\n')[line - 1]! };
}
