import { TouchstoneError } from '../errors.ts';
import { INDICATORS } from '../indicators/registry.ts';
import type { RuleConfig, RulesConfig } from '../strategies/strategy.ts';
import { Compiler, RESERVED_NAMES } from './compile.ts';
import { type Expression, parseExpression } from './parse.ts';
import type { Program } from './program.ts';

/** A rule with its expressions parsed once; parameters are filled in when a strategy is made of it. */
export interface ParsedRule {
  readonly config: RuleConfig;
  readonly when: Expression;
  readonly size: Expression | undefined;
  readonly stop: Expression | undefined;
  /** Names the rule in errors. */
  readonly owner: string;
}

/** A rule over a program's slots. */
export interface CompiledRule {
  readonly text: string;
  readonly when: number;
  /** 1 long, −1 short, 0 when it is a rule of exit. */
  readonly side: 1 | -1 | 0;
  readonly exitsLong: boolean;
  readonly exitsShort: boolean;
  /** −1: not given. */
  readonly size: number;
  readonly stop: number;
  /** What the decision read: how it was written, and its slot. */
  readonly operands: readonly (readonly [text: string, slot: number])[];
}

const MAX_NAME = 60;
const PARAMETER_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** @throws TouchstoneError BAD_RULE, BAD_CONFIG */
export function parseRuleList(owner: string, { list, parameters = {} }: RulesConfig): ParsedRule[] {
  for (const name of Object.keys(parameters)) {
    const isTaken = RESERVED_NAMES.has(name) || INDICATORS.some((indicator) => indicator.name === name);
    if (!PARAMETER_NAME.test(name) || isTaken)
      throw new TouchstoneError('BAD_CONFIG', `${owner}: rules.parameters: ${JSON.stringify(name)} is ${isTaken ? 'a name of the language' : 'no name'}`);
  }
  if (!list.some((rule) => rule.enter !== undefined)) throw new TouchstoneError('BAD_CONFIG', `${owner}: rules: no rule enters`);
  return list.map((config, i) => {
    const place = `${owner}: rules.list.${i}`;
    if ((config.enter === undefined) === (config.exit === undefined)) throw new TouchstoneError('BAD_CONFIG', `${place}: want one of enter and exit`);
    if (config.exit !== undefined && (config.size !== undefined || config.stop !== undefined))
      throw new TouchstoneError('BAD_CONFIG', `${place}: size and stop belong to an entry`);
    const optional = (name: 'size' | 'stop') => (config[name] === undefined ? undefined : parseExpression(config[name], `${place}.${name}`));
    return { config, when: parseExpression(config.when, `${place}.when`), size: optional('size'), stop: optional('stop'), owner: place };
  });
}

/** @throws TouchstoneError BAD_RULE */
export function compileRules(
  parsed: readonly ParsedRule[],
  parameters: Readonly<Record<string, number>>,
): { readonly rules: readonly CompiledRule[]; readonly program: Program; readonly warmupBars: number } {
  const compiler = new Compiler(parameters);
  let warmupBars = 0;
  const amount = (expression: Expression | undefined, text: string | undefined, owner: string): number => {
    if (expression === undefined) return -1;
    const value = compiler.amount(expression, text!, owner);
    warmupBars = Math.max(warmupBars, value.warmupBars);
    return value.slot;
  };
  const rules = parsed.map(({ config, when, size, stop, owner }): CompiledRule => {
    const condition = compiler.condition(when, config.when, `${owner}.when`);
    warmupBars = Math.max(warmupBars, condition.warmupBars);
    return {
      text: config.when.replace(/\s+/g, ' ').trim(),
      when: condition.slot,
      side: config.enter === undefined ? 0 : config.enter === 'long' ? 1 : -1,
      exitsLong: config.exit === 'long' || config.exit === 'any',
      exitsShort: config.exit === 'short' || config.exit === 'any',
      size: amount(size, config.size, `${owner}.size`),
      stop: amount(stop, config.stop, `${owner}.stop`),
      operands: operandsOf(when).map((operand) => {
        const { slot } = compiler.compile(operand, config.when, `${owner}.when`);
        return [operand.text.replace(/\s+/g, ' ').slice(0, MAX_NAME), slot] as const;
      }),
    };
  });
  return { rules, program: compiler.program(), warmupBars: warmupBars + 1 };
}

/** The series that a condition compares, in the order in which they stand. */
function operandsOf(expression: Expression): Expression[] {
  switch (expression.kind) {
    case 'not':
      return operandsOf(expression.of);
    case 'binary':
      return [expression.left, expression.right].flatMap(operandsOf);
    case 'call':
      return /^(crossover|crossunder|rising|falling)$/.test(expression.name) ? expression.args.flatMap((arg) => operandsOf(arg.value)) : [expression];
    case 'number':
      return [];
    default:
      return [expression];
  }
}
