import { errorMessage } from '../errors.ts';
import { type IndicatorDefinition, resolveParameters } from '../indicators/indicator.ts';
import { INDICATORS } from '../indicators/registry.ts';
import { suggestion } from '../suggestion.ts';
import { RuleError } from './error.ts';
import { FUNCTIONS, type FunctionName } from './functions.ts';
import { BarIndicatorNode, HistoryNode, type Node, type Operation, operate, OperationNode, SeriesIndicatorNode } from './nodes.ts';
import type { Argument, Expression } from './parse.ts';
import { Program, SOURCES } from './program.ts';

/**
 * A compiled value. `number` is known before the first bar (literals, parameters and what is computed of them), `series` changes with
 * each bar, `boolean` is true or false of each bar.
 */
export interface Value {
  readonly type: 'number' | 'series' | 'boolean';
  readonly slot: number;
  /** Of a number. */
  readonly constant: number;
  /** Bars until it is defined; 0 when the very first is. */
  readonly warmupBars: number;
  /** Equal keys are equal values: what stands twice is computed once. */
  readonly key: string;
}

const DERIVED: Readonly<Record<string, readonly (typeof SOURCES)[number][]>> = {
  hl2: ['high', 'low'],
  hlc3: ['high', 'low', 'close'],
  ohlc4: ['open', 'high', 'low', 'close'],
};
const MAX_BARS = 10_000;
const LOGIC = new Set<string>(['and', 'or']);
const COMPARISONS = new Set<string>(['<', '<=', '>', '>=', '==', '!=']);

/** Names that a parameter may not have. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set([...SOURCES, ...Object.keys(DERIVED), ...Object.keys(FUNCTIONS), 'and', 'or', 'not', 'source']);

/** Expressions into one program, with what they share computed once. Checks every type and name on the way. */
export class Compiler {
  private readonly parameters: Readonly<Record<string, number>>;
  private readonly nodes: Node[] = [];
  private readonly slots: number[] = SOURCES.map(() => Number.NaN);
  private readonly known = new Map<string, Value>();
  private text = '';
  private owner = '';

  constructor(parameters: Readonly<Record<string, number>>) {
    this.parameters = parameters;
    for (const [slot, name] of SOURCES.entries()) this.known.set(name, { type: 'series', slot, constant: Number.NaN, warmupBars: 0, key: name });
  }

  /** @throws RuleError where a name is unknown, a type is wrong or an indicator refuses its parameters */
  compile(expression: Expression, text: string, owner: string): Value {
    this.text = text;
    this.owner = owner;
    return this.value(expression);
  }

  /** For rules that want truth. @throws RuleError */
  condition(expression: Expression, text: string, owner: string): Value {
    const value = this.compile(expression, text, owner);
    return value.type === 'boolean' ? value : this.fail(`a condition was expected, such as close > ema(20); this is a ${value.type}`, expression);
  }

  /** For rules that want a number, of each bar or of all. @throws RuleError */
  amount(expression: Expression, text: string, owner: string): Value {
    const value = this.compile(expression, text, owner);
    return value.type === 'boolean' ? this.fail('a number was expected; this is true or false', expression) : value;
  }

  program(): Program {
    return new Program(this.nodes, this.slots);
  }

  private value(expression: Expression): Value {
    switch (expression.kind) {
      case 'number':
        return this.constant(expression.value);
      case 'name':
        return this.name(expression.name, expression);
      case 'call':
        return this.call(expression.name, expression.args, expression);
      case 'field':
        return this.field(expression.of, expression.name, expression);
      case 'history':
        return this.history(expression.of, expression.barsAgo);
      case 'not':
        return this.operation('not', this.truth(expression.of), undefined);
      case 'negate':
        return this.operation('negate', this.numeric(expression.of), undefined);
      case 'binary':
        return this.binary(expression.operator, expression.left, expression.right);
    }
  }

  private binary(operator: Extract<Expression, { kind: 'binary' }>['operator'], left: Expression, right: Expression): Value {
    if (LOGIC.has(operator)) return this.operation(operator as Operation, this.truth(left), this.truth(right));
    return this.operation(operator as Operation, this.numeric(left), this.numeric(right));
  }

  constant(value: number): Value {
    // As text −0 is 0, and what is divided by the one is not what is divided by the other.
    return this.remember(Object.is(value, -0) ? '-0' : `${value}`, (key) => ({ type: 'number', slot: this.slot(value), constant: value, warmupBars: 0, key }));
  }

  operation(operation: Operation, a: Value, b: Value | undefined): Value {
    const isTruth = COMPARISONS.has(operation) || LOGIC.has(operation) || operation === 'not';
    if (!isTruth && a.type === 'number' && (b === undefined || b.type === 'number')) {
      return this.constant(operate(operation, a.constant, b?.constant ?? Number.NaN));
    }
    return this.remember(`(${operation} ${a.key} ${b?.key ?? ''})`, (key) => {
      const slot = this.slot();
      this.nodes.push(new OperationNode(operation, a.slot, (b ?? a).slot, slot));
      return { type: isTruth ? 'boolean' : 'series', slot, constant: Number.NaN, warmupBars: Math.max(a.warmupBars, b?.warmupBars ?? 0), key };
    });
  }

  numeric(expression: Expression): Value {
    const value = this.value(expression);
    return value.type === 'boolean' ? this.fail('a number was expected; this is true or false', expression) : value;
  }

  truth(expression: Expression): Value {
    const value = this.value(expression);
    return value.type === 'boolean' ? value : this.fail(`true or false was expected; this is a ${value.type}`, expression);
  }

  /** A whole number that is known before the first bar. */
  whole(expression: Expression, least: number, what: string): number {
    const value = this.value(expression);
    if (value.type !== 'number') return this.fail(`${what} must be known before the first bar: a number or a parameter`, expression);
    if (Number.isInteger(value.constant) && value.constant >= least && value.constant <= MAX_BARS) return value.constant;
    const hint = value.constant < 0 ? '; bars to come cannot be read' : '';
    return this.fail(`${what} is ${value.constant}; want a whole number from ${least} to ${MAX_BARS}${hint}`, expression);
  }

  private name(name: string, at: Expression): Value {
    if (Object.hasOwn(this.parameters, name)) return this.constant(this.parameters[name]!);
    const source = this.known.get(name);
    if (source !== undefined && (SOURCES as readonly string[]).includes(name)) return source;
    if (Object.hasOwn(DERIVED, name)) return this.mean(DERIVED[name]!);
    if (Object.hasOwn(FUNCTIONS, name) || INDICATORS.some((indicator) => indicator.name === name))
      return this.fail(`${name} is called with arguments, such as ${name}(…)`, at);
    return this.fail(`nothing is called ${JSON.stringify(name)}${suggestion(name, this.names())}`, at);
  }

  private mean(names: readonly (typeof SOURCES)[number][]): Value {
    const sum = names.map((name) => this.known.get(name)!).reduce((total, next) => this.operation('+', total, next));
    return this.operation('/', sum, this.constant(names.length));
  }

  private *names(): Generator<string> {
    yield* Object.keys(this.parameters);
    yield* SOURCES;
    yield* Object.keys(DERIVED);
    yield* Object.keys(FUNCTIONS);
    for (const { name } of INDICATORS) yield name;
  }

  private call(name: string, args: readonly Argument[], at: Expression): Value {
    if (Object.hasOwn(FUNCTIONS, name)) {
      const named = args.find((arg) => arg.name !== undefined);
      if (named) return this.fail(`${name} takes its arguments by position`, named.value);
      return FUNCTIONS[name as FunctionName](
        this,
        args.map((arg) => arg.value),
        at,
      );
    }
    const { definition, slot, warmupBars, key } = this.indicator(name, args, at);
    if (definition.outputs.length === 1) return { type: 'series', slot, constant: Number.NaN, warmupBars, key };
    return this.fail(`${name} has the outputs ${definition.outputs.join(', ')}; say which, such as ${at.text}.${definition.outputs[0]}`, at);
  }

  private field(of: Expression, output: string, at: Expression): Value {
    if (of.kind !== 'call' || Object.hasOwn(FUNCTIONS, of.name)) return this.fail('only indicators have outputs', at);
    const { definition, slot, warmupBars, key } = this.indicator(of.name, of.args, of);
    const index = definition.outputs.indexOf(output);
    if (index < 0)
      return this.fail(
        `${of.name} has no output ${JSON.stringify(output)}${suggestion(output, definition.outputs)}; it has ${definition.outputs.join(', ')}`,
        at,
      );
    return { type: 'series', slot: slot + index, constant: Number.NaN, warmupBars, key: `${key}.${output}` };
  }

  /** Finds or makes the indicator of a call; its outputs lie from `slot` on. */
  private indicator(name: string, args: readonly Argument[], at: Expression): Value & { readonly definition: IndicatorDefinition } {
    const definition = INDICATORS.find((candidate) => candidate.name === name);
    if (!definition) return this.fail(`there is no function or indicator ${JSON.stringify(name)}${suggestion(name, this.names())}`, at);
    const { source, parameters } = this.indicatorArguments(definition, args, at);
    const list = Object.values(parameters).join(',');
    const value = this.remember(`${name}[${source.key}](${list})`, (key) => {
      const slot = this.slot();
      for (let i = 1; i < definition.outputs.length; i++) this.slot();
      this.nodes.push(this.indicatorNode(definition, parameters, source, slot));
      return { type: 'series', slot, constant: Number.NaN, warmupBars: source.warmupBars + definition.warmupBars(parameters), key };
    });
    return { ...value, definition };
  }

  private indicatorNode(definition: IndicatorDefinition, parameters: Readonly<Record<string, number>>, source: Value, slot: number): Node {
    if (definition.createSeries) return new SeriesIndicatorNode(definition.createSeries(parameters), source.slot, slot);
    return new BarIndicatorNode(definition.create(parameters), slot);
  }

  private indicatorArguments(
    definition: IndicatorDefinition,
    args: readonly Argument[],
    at: Expression,
  ): { readonly source: Value; readonly parameters: Readonly<Record<string, number>> } {
    const names = Object.keys(definition.parameters);
    const given: Record<string, number> = {};
    let source = this.known.get(definition.source ?? 'close')!;
    let position = 0;
    for (const [i, arg] of args.entries()) {
      const value = this.numeric(arg.value);
      if (value.type === 'series' && (arg.name === 'source' || (i === 0 && arg.name === undefined))) {
        if (!definition.createSeries) return this.fail(`${definition.name} reads whole bars; it takes no series in their place`, arg.value);
        source = value;
        continue;
      }
      const name = arg.name ?? names[position++];
      if (name === undefined) return this.fail(`${definition.name} takes ${names.length} parameters: ${names.join(', ') || 'none'}`, arg.value);
      if (!Object.hasOwn(definition.parameters, name)) {
        return this.fail(
          `${definition.name} has no parameter ${JSON.stringify(name)}${suggestion(name, names)}; it has ${names.join(', ') || 'none'}`,
          arg.value,
        );
      }
      if (Object.hasOwn(given, name)) return this.fail(`${name} is given twice`, arg.value);
      if (value.type !== 'number') return this.fail(`${name} of ${definition.name} must be known before the first bar: a number or a parameter`, arg.value);
      given[name] = value.constant;
    }
    try {
      return { source, parameters: resolveParameters(definition.name, definition.parameters, given) };
    } catch (error) {
      return this.fail(errorMessage(error), at);
    }
  }

  private history(of: Expression, ago: Expression): Value {
    const value = this.value(of);
    const barsAgo = this.whole(ago, 0, 'the number of bars ago');
    if (barsAgo === 0 || value.type === 'number') return value;
    return this.remember(`${value.key}[${barsAgo}]`, (key) => {
      // What was not yet is not true.
      const unknown = value.type === 'boolean' ? 0 : Number.NaN;
      const ring = this.slot(unknown);
      for (let i = 1; i < barsAgo; i++) this.slot(unknown);
      this.slot(0);
      const slot = this.slot();
      this.nodes.push(new HistoryNode(value.slot, barsAgo, ring, slot));
      return { type: value.type, slot, constant: Number.NaN, warmupBars: value.warmupBars + barsAgo, key };
    });
  }

  /** For functions: a node of their own with `state` slots of memory. */
  node(key: string, type: 'series' | 'boolean', warmupBars: number, state: number, make: (out: number, state: number) => Node): Value {
    return this.remember(key, () => {
      const first = this.slots.length;
      for (let i = 0; i < state; i++) this.slot();
      const slot = this.slot();
      this.nodes.push(make(slot, first));
      return { type, slot, constant: Number.NaN, warmupBars, key };
    });
  }

  fail(problem: string, at: Expression): never {
    throw new RuleError(problem, this.text, at, this.owner);
  }

  private remember(key: string, make: (key: string) => Value): Value {
    const known = this.known.get(key);
    if (known) return known;
    const value = make(key);
    this.known.set(key, value);
    return value;
  }

  private slot(initial = Number.NaN): number {
    return this.slots.push(initial) - 1;
  }
}
