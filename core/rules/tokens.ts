import { RuleError, type Span } from './error.ts';

export type TokenKind = 'number' | 'name' | 'symbol' | 'end';

export interface Token extends Span {
  readonly kind: TokenKind;
  /** As written; symbols and the words `and`, `or` and `not` stand for themselves. */
  readonly text: string;
}

/** Longest first, so that `<=` is not read as `<`. */
const SYMBOLS = ['<=', '>=', '==', '!=', '<', '>', '+', '-', '*', '/', '%', '(', ')', '[', ']', ',', '.', '='] as const;
const NUMBER = /(?:\d[\d_]*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const SPACE = /\s+/y;
const MAX_LENGTH = 4_000;

/** Text to tokens, the last of them `end`. @throws RuleError at a character that is no part of the language */
export function tokenise(text: string, owner: string): Token[] {
  if (text.length > MAX_LENGTH) throw new RuleError(`longer than ${MAX_LENGTH} characters`, text, { start: 0, end: 1 }, owner);
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  while (at < text.length) {
    const space = take(SPACE);
    if (space !== undefined) {
      at += space.length;
      continue;
    }
    const [kind, found] = next(take, text, at);
    if (found === undefined) throw new RuleError(`${JSON.stringify(text[at])} is no part of an expression`, text, { start: at, end: at + 1 }, owner);
    tokens.push({ kind, text: found, start: at, end: at + found.length });
    at += found.length;
  }
  tokens.push({ kind: 'end', text: '', start: at, end: at });
  return tokens;
}

function next(take: (pattern: RegExp) => string | undefined, text: string, at: number): [TokenKind, string | undefined] {
  const number = take(NUMBER);
  if (number !== undefined) return ['number', number];
  const name = take(NAME);
  if (name !== undefined) return ['name', name];
  return ['symbol', SYMBOLS.find((symbol) => text.startsWith(symbol, at))];
}
