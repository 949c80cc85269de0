import { type CompiledRule, compileRules, parseRuleList } from '../rules/rule.ts';
import type { Program } from '../rules/program.ts';
import type { Ohlcv } from '../market/events.ts';
import type { RulesConfig, Strategy, StrategyDefinition, StrategyOutput, Why } from './strategy.ts';

type Side = 1 | -1 | 0;

/**
 * Trades by rules that stand in its configuration (`docs/strategies/rules.md`). At each close, in this order: a position whose close is
 * beyond its stop is closed; else the first rule of the list that is true and has something to do is followed, and no other. An entry
 * against a position turns it. Before all indicators are defined nothing is looked at, so `not` is not true of what is unknown.
 */
class RuleStrategy implements Strategy {
  private readonly program: Program;
  private readonly rules: readonly CompiledRule[];
  private readonly warmupBars: number;
  private barsSeen = 0;
  private side: Side = 0;
  private entryClose = 0;
  /** Infinity without a stop. */
  private stopDistance = Number.POSITIVE_INFINITY;

  constructor({ rules, program, warmupBars }: ReturnType<typeof compileRules>) {
    this.rules = rules;
    this.program = program;
    this.warmupBars = warmupBars;
  }

  onBar(bar: Ohlcv, out: StrategyOutput): void {
    this.program.update(bar);
    if (this.barsSeen < this.warmupBars && ++this.barsSeen < this.warmupBars) return;
    if (this.side * (this.entryClose - bar.close) >= this.stopDistance) {
      this.side = 0;
      out.target(0, { rule: 'stop', close: bar.close, entryClose: this.entryClose, stopDistance: this.stopDistance });
      this.stopDistance = Number.POSITIVE_INFINITY;
      return;
    }
    const { slots } = this.program;
    for (let i = 0; i < this.rules.length; i++) {
      const rule = this.rules[i]!;
      if (slots[rule.when] === 1 && this.follow(rule, bar, out)) return;
    }
  }

  /** False when the rule has nothing to do in the present position. */
  private follow(rule: CompiledRule, bar: Ohlcv, out: StrategyOutput): boolean {
    if (rule.side === 0) {
      if (!(this.side === 1 ? rule.exitsLong : this.side === -1 && rule.exitsShort)) return false;
      this.side = 0;
      this.stopDistance = Number.POSITIVE_INFINITY;
      out.target(0, this.why(rule));
      return true;
    }
    if (this.side === rule.side) return false;
    const { slots } = this.program;
    const size = rule.size < 0 ? 1 : slots[rule.size]!;
    const stop = rule.stop < 0 ? Number.POSITIVE_INFINITY : slots[rule.stop]!;
    if (!(size > 0 && stop > 0)) return false;
    this.side = rule.side;
    this.entryClose = bar.close;
    this.stopDistance = stop;
    out.target(rule.side * Math.min(size, 1), this.why(rule));
    return true;
  }

  private why(rule: CompiledRule): Why {
    const why: Record<string, number | string> = { rule: rule.text.slice(0, 400) };
    for (const [text, slot] of rule.operands) {
      const value = this.program.slots[slot]!;
      if (Number.isFinite(value)) why[text] = value;
    }
    return why;
  }

  snapshot(): unknown {
    const { barsSeen, side, entryClose, stopDistance } = this;
    return { program: this.program.snapshot(), barsSeen, side, entryClose, stopDistance: Number.isFinite(stopDistance) ? stopDistance : null };
  }

  restore(state: unknown): void {
    const saved = state as { program: unknown; barsSeen: number; side: Side; entryClose: number; stopDistance: number | null };
    this.program.restore(saved.program);
    this.barsSeen = saved.barsSeen;
    this.side = saved.side;
    this.entryClose = saved.entryClose;
    this.stopDistance = saved.stopDistance ?? Number.POSITIVE_INFINITY;
  }
}

/** What the type does without rules of its own: the cross of two averages, entered on volume. */
const DEFAULT_RULES: RulesConfig = {
  parameters: {
    fast: { default: 12, min: 2, max: 200, integer: true, description: 'period of the fast EMA, bars' },
    slow: { default: 26, min: 3, max: 500, integer: true, description: 'period of the slow EMA, bars' },
    volumeFactor: { default: 1, min: 0, max: 20, description: 'volume of the entry bar over its average' },
  },
  list: [
    { when: 'crossover(ema(fast), ema(slow)) and volume > volumeFactor * sma(volume, 20)', enter: 'long' },
    { when: 'ema(fast) < ema(slow)', exit: 'long' },
  ],
};

function ruleDefinition(owner: string, config: RulesConfig): StrategyDefinition {
  const parsed = parseRuleList(owner, config);
  const parameters = config.parameters ?? {};
  // Types and names do not depend on the parameters' values: what is wrong shows here, before anything runs.
  compileRules(parsed, Object.fromEntries(Object.entries(parameters).map(([name, spec]) => [name, spec.default])));
  return {
    type: 'rules',
    codeVersion: 1,
    description: 'rules in the configuration: when … enter or exit',
    parameters,
    warmupBars: (values) => compileRules(parsed, values).warmupBars,
    create: (values) => new RuleStrategy(compileRules(parsed, values)),
  };
}

export const rules: StrategyDefinition = {
  ...ruleDefinition('rules', DEFAULT_RULES),
  configure: ({ name, rules: own }) => ruleDefinition(name, own ?? DEFAULT_RULES),
};
