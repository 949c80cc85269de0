import { BarsSinceNode, CrossNode, RunNode } from './nodes.ts';
import type { Compiler, Value } from './compile.ts';
import type { Expression } from './parse.ts';

/** The functions of the language. Each checks its own arguments. */
type RuleFunction = (compiler: Compiler, args: readonly Expression[], at: Expression) => Value;

export type FunctionName = 'crossover' | 'crossunder' | 'rising' | 'falling' | 'abs' | 'min' | 'max' | 'barssince';

const cross =
  (name: string, isOver: boolean): RuleFunction =>
  (compiler, args, at) => {
    if (args.length !== 2) return compiler.fail(`${name} compares two series: ${name}(a, b)`, at);
    const [left, right] = args.map((arg) => compiler.numeric(arg)) as [Value, Value];
    const [a, b] = isOver ? [left, right] : [right, left];
    const warmupBars = Math.max(a.warmupBars, b.warmupBars) + 1;
    return compiler.node(`crossover(${a.key} ${b.key})`, 'boolean', warmupBars, 1, (out, state) => new CrossNode(a.slot, b.slot, state, out));
  };

const run =
  (name: string, sign: number): RuleFunction =>
  (compiler, args, at) => {
    if (args.length < 1 || args.length > 2) return compiler.fail(`${name} takes a series and a number of bars: ${name}(close, 3)`, at);
    const series = compiler.numeric(args[0]!);
    const bars = args[1] === undefined ? 1 : compiler.whole(args[1], 1, 'the number of bars');
    const warmupBars = series.warmupBars + bars;
    return compiler.node(`${name}(${series.key} ${bars})`, 'boolean', warmupBars, 2, (out, state) => new RunNode(series.slot, sign, bars, state, out));
  };

const several =
  (name: 'min' | 'max'): RuleFunction =>
  (compiler, args, at) => {
    if (args.length < 2) return compiler.fail(`${name} takes two numbers or more`, at);
    return args.map((arg) => compiler.numeric(arg)).reduce((a, b) => compiler.operation(name, a, b));
  };

/**
 * All else that is called is an indicator of the registry, `highest` and `lowest` included.
 *
 * - `crossover(a, b)`: a was at or below b a bar ago and is above it now; `crossunder(a, b)` is `crossover(b, a)`.
 * - `rising(s, n = 1)`, `falling(s, n = 1)`: s moved that way on each of the last n bars.
 * - `abs(x)`, `min(a, b, …)`, `max(a, b, …)`.
 * - `barssince(c)`: bars since c was last true, 0 on such a bar; undefined before the first.
 */
export const FUNCTIONS: Readonly<Record<FunctionName, RuleFunction>> = {
  crossover: cross('crossover', true),
  crossunder: cross('crossunder', false),
  rising: run('rising', 1),
  falling: run('falling', -1),
  abs: (compiler, args, at) => {
    if (args.length !== 1) return compiler.fail('abs takes one number', at);
    return compiler.operation('abs', compiler.numeric(args[0]!), undefined);
  },
  min: several('min'),
  max: several('max'),
  barssince: (compiler, args, at) => {
    if (args.length !== 1) return compiler.fail('barssince takes one condition: barssince(close > open)', at);
    const condition = compiler.truth(args[0]!);
    return compiler.node(`barssince(${condition.key})`, 'series', condition.warmupBars, 0, (out) => new BarsSinceNode(condition.slot, out));
  },
};
