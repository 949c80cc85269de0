import { RuleError, type Span } from './error.ts';
import { type Token, tokenise } from './tokens.ts';

export type BinaryOperator = 'or' | 'and' | '<' | '<=' | '>' | '>=' | '==' | '!=' | '+' | '-' | '*' | '/' | '%';

/** An argument of a call; `name` when it was given by name. */
export interface Argument {
  readonly name: string | undefined;
  readonly value: Expression;
}

/** A parsed expression. `text` is how it was written, for error messages and for the reasons of decisions. */
export type Expression = Span & { readonly text: string } & (
    | { readonly kind: 'number'; readonly value: number }
    | { readonly kind: 'name'; readonly name: string }
    | { readonly kind: 'call'; readonly name: string; readonly args: readonly Argument[] }
    | { readonly kind: 'field'; readonly of: Expression; readonly name: string }
    | { readonly kind: 'history'; readonly of: Expression; readonly barsAgo: Expression }
    | { readonly kind: 'not' | 'negate'; readonly of: Expression }
    | { readonly kind: 'binary'; readonly operator: BinaryOperator; readonly left: Expression; readonly right: Expression }
  );

/** Distributes over the members of a union, which `Omit` alone does not. */
type Unplaced<T> = T extends unknown ? Omit<T, 'start' | 'end' | 'text'> : never;

/** How tightly each operator binds its operands; comparisons do not chain. */
const BINDING: Readonly<Record<BinaryOperator, number>> = {
  or: 1,
  and: 2,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
  '==': 4,
  '!=': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '%': 6,
};
const NOT_BINDING = 3;
const COMPARISON_BINDING = 4;
const NEGATE_BINDING = 7;
const RESERVED = new Set(['and', 'or', 'not']);
const MAX_DEPTH = 60;

/**
 * Parses one expression, by precedence climbing (V. Pratt, 1973). From loose to tight: `or`, `and`, `not`, comparisons, `+ -`,
 * `* / %`, `-x`, then `.output` and `[barsAgo]`.
 * @throws RuleError where the text stops making sense
 */
export function parseExpression(text: string, owner: string): Expression {
  return new Parser(text, owner).whole();
}

class Parser {
  private readonly text: string;
  private readonly owner: string;
  private readonly tokens: readonly Token[];
  private at = 0;
  private depth = 0;

  constructor(text: string, owner: string) {
    this.text = text;
    this.owner = owner;
    this.tokens = tokenise(text, owner);
  }

  whole(): Expression {
    const expression = this.expression(0);
    const rest = this.tokens[this.at]!;
    if (rest.kind !== 'end') this.fail(`an operator was expected before ${JSON.stringify(rest.text)}`, rest);
    return expression;
  }

  private expression(least: number): Expression {
    if (++this.depth > MAX_DEPTH) this.fail(`nested more than ${MAX_DEPTH} deep`, this.tokens[this.at]!);
    let left = this.prefix();
    for (;;) {
      const token = this.tokens[this.at]!;
      const operator = token.text as BinaryOperator;
      const binding = token.kind === 'end' || !Object.hasOwn(BINDING, operator) ? 0 : BINDING[operator];
      if (binding <= least) break;
      this.at++;
      const right = this.expression(binding);
      const after = this.tokens[this.at]!.text as BinaryOperator;
      if (binding === COMPARISON_BINDING && Object.hasOwn(BINDING, after) && BINDING[after] === COMPARISON_BINDING)
        this.fail('comparisons do not chain; join two of them with "and"', this.tokens[this.at]!);
      left = this.place({ kind: 'binary', operator, left, right }, left.start);
    }
    this.depth--;
    return left;
  }

  private prefix(): Expression {
    const token = this.tokens[this.at]!;
    if (token.text === 'not' && token.kind === 'name') {
      this.at++;
      return this.place({ kind: 'not', of: this.expression(NOT_BINDING) }, token.start);
    }
    if (token.text === '-' && token.kind === 'symbol') {
      this.at++;
      return this.place({ kind: 'negate', of: this.expression(NEGATE_BINDING) }, token.start);
    }
    return this.postfix(this.primary());
  }

  private postfix(of: Expression): Expression {
    let expression = of;
    for (;;) {
      if (this.accept('.')) {
        const name = this.tokens[this.at]!;
        if (name.kind !== 'name') this.fail('the name of an output was expected after "."', name);
        this.at++;
        expression = this.place({ kind: 'field', of: expression, name: name.text }, of.start);
      } else if (this.accept('[')) {
        const barsAgo = this.expression(0);
        this.expect(']');
        expression = this.place({ kind: 'history', of: expression, barsAgo }, of.start);
      } else return expression;
    }
  }

  private primary(): Expression {
    const token = this.tokens[this.at]!;
    if (token.kind === 'number') {
      this.at++;
      return this.place({ kind: 'number', value: Number(token.text.replaceAll('_', '')) }, token.start);
    }
    if (token.kind === 'name' && !RESERVED.has(token.text)) {
      this.at++;
      if (!this.accept('(')) return this.place({ kind: 'name', name: token.text }, token.start);
      const args = this.args();
      return this.place({ kind: 'call', name: token.text, args }, token.start);
    }
    if (this.accept('(')) {
      const inner = this.expression(0);
      this.expect(')');
      return this.place(inner, token.start);
    }
    const what = token.kind === 'end' ? 'the expression ends too early' : `a value was expected, not ${JSON.stringify(token.text)}`;
    return this.fail(what, token);
  }

  private args(): Argument[] {
    const args: Argument[] = [];
    if (this.accept(')')) return args;
    do {
      const [name, equals] = [this.tokens[this.at]!, this.tokens[this.at + 1]];
      const isNamed = name.kind === 'name' && equals?.text === '=';
      if (isNamed) this.at += 2;
      else if (args.some((arg) => arg.name !== undefined)) this.fail('arguments by position come before those by name', name);
      args.push({ name: isNamed ? name.text : undefined, value: this.expression(0) });
    } while (this.accept(','));
    this.expect(')');
    return args;
  }

  private accept(symbol: string): boolean {
    const token = this.tokens[this.at]!;
    if (token.kind !== 'symbol' || token.text !== symbol) return false;
    this.at++;
    return true;
  }

  private expect(symbol: string): void {
    const token = this.tokens[this.at]!;
    if (!this.accept(symbol)) this.fail(`${JSON.stringify(symbol)} was expected${token.kind === 'end' ? '' : `, not ${JSON.stringify(token.text)}`}`, token);
  }

  private place(expression: Unplaced<Expression>, start: number): Expression {
    const end = this.tokens[this.at - 1]!.end;
    return { ...expression, start, end, text: this.text.slice(start, end) } as Expression;
  }

  private fail(problem: string, span: Span): never {
    throw new RuleError(problem, this.text, span, this.owner);
  }
}
