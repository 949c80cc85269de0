import { TouchstoneError } from '../errors.ts';

/**
 * How a decrease of the displayed quantity at our price that no trade explains is divided between what stands before us and behind us.
 * - `risk-averse`: all behind us, as long as there is enough behind. The careful reading; the default.
 * - `probabilistic`: the share behind us is f(behind) ÷ (f(behind) + f(ahead)), with f(x) = x (`linear`), x^exponent (`power`) or
 *   ln(1 + x) (`log`). Quantities are in lots or in base units; `log` depends on which, so keep to one.
 * - `normalised`: the share is f(behind) ÷ f(behind + ahead), the second published form. `linear` is the same in both.
 */
export type QueueModelConfig =
  | { readonly type: 'risk-averse' }
  | { readonly type: 'probabilistic' | 'normalised'; readonly shape: 'linear' | 'log' }
  | { readonly type: 'probabilistic' | 'normalised'; readonly shape: 'power'; readonly exponent: number };

export interface QueueModel {
  /** Share in [0, 1] of a cancelled quantity that stood behind us, given what stood before and behind us, both ≥ 0 and not both 0. */
  shareBehind(ahead: number, behind: number): number;
}

/**
 * Rigtorp, "Estimating Order Queue Position" (2013), for the probabilistic form; the power and log shapes are those that the
 * hftbacktest documentation describes under "Probability Queue Models".
 * @throws TouchstoneError BAD_QUEUE_MODEL unless the exponent is a positive number
 */
export function createQueueModel(config: QueueModelConfig): QueueModel {
  if (config.type === 'risk-averse') return { shareBehind: () => 1 };
  const weight = weightOf(config);
  if (config.type === 'normalised') return { shareBehind: (ahead, behind) => Math.min(1, weight(behind) / weight(ahead + behind)) };
  return {
    shareBehind(ahead, behind) {
      const behindWeight = weight(behind);
      return behindWeight / (behindWeight + weight(ahead));
    },
  };
}

function weightOf(config: Exclude<QueueModelConfig, { readonly type: 'risk-averse' }>): (qty: number) => number {
  if (config.shape === 'power') {
    const { exponent } = config;
    if (!(exponent > 0 && exponent < Number.POSITIVE_INFINITY)) throw new TouchstoneError('BAD_QUEUE_MODEL', `the exponent must be positive: ${exponent}`);
    return (qty) => qty ** exponent;
  }
  return config.shape === 'linear' ? (qty) => qty : Math.log1p;
}

/**
 * Quantity before us after the level was restated.
 * @param ahead before us until now; Infinity when not known
 * @param before displayed until now
 * @param displayed displayed now
 * @param traded traded at the level since it was last stated: that part of a decrease is no cancel, and `ahead` has it already
 */
export function aheadAfterUpdate(model: QueueModel, ahead: number, before: number, displayed: number, traded: number): number {
  const cancelled = before - displayed - traded;
  if (!(cancelled > 0) || !(ahead > 0) || ahead === Number.POSITIVE_INFINITY) return Math.min(ahead, displayed);
  const behind = Math.max(0, before - traded - ahead);
  const share = ahead + behind > 0 ? model.shareBehind(ahead, behind) : 1;
  // What the back of the queue cannot have given came from the front.
  const missing = Math.min(0, behind - share * cancelled);
  return Math.max(0, Math.min(displayed, ahead - (1 - share) * cancelled + missing));
}
