import { computeIndicator } from '../../../core/indicators/indicator.ts';
import { findIndicator } from '../../../core/indicators/registry.ts';
import type { BarColumns } from '../../../core/market/bars.ts';
import type { Adapter } from '../cases.ts';

/** Columns of whatever a case gives; what it does not give is never read by its function. */
function columnsOf(inputs: Readonly<Record<string, unknown>>): BarColumns {
  const some = (inputs.close ?? inputs.high) as number[];
  const column = (name: string) => Float64Array.from((inputs[name] as number[] | undefined) ?? some);
  return {
    length: some.length,
    openTimeMs: column('ts'),
    open: column('open'),
    high: column('high'),
    low: column('low'),
    close: column('close'),
    volume: column('volume'),
  };
}

/** An indicator under its own name; `outputs` names those of its outputs that a case calls otherwise. */
function indicator(name: string, outputs: Readonly<Record<string, string>> = {}): Adapter {
  return ({ anchor: _anchor, ...params }, inputs) => {
    const columns = computeIndicator(findIndicator(name), params, columnsOf(inputs));
    return Object.fromEntries(Object.entries(columns).map(([output, values]) => [outputs[output] ?? output, values]));
  };
}

const SAME_NAMES = [
  ...['sma', 'ema', 'wma', 'dema', 'tema', 'hma', 'rma', 'rsi', 'stochRsi', 'cmo', 'macd', 'roc', 'mom', 'linregSlope', 'bollinger', 'stddev'],
  ...['atr', 'natr', 'adx', 'aroon', 'donchian', 'keltner', 'supertrend', 'parabolicSar', 'ichimoku', 'heikinAshi', 'stochFast', 'stochSlow', 'cci'],
  ...['vwapSession', 'vwapRolling', 'twapSession', 'obv', 'ad', 'cmf', 'mfi'],
];

export const indicatorAdapters: Readonly<Record<string, Adapter>> = {
  ...Object.fromEntries(SAME_NAMES.map((name) => [name, indicator(name)])),
  williamsR: indicator('williamsR', { williamsR: 'willr' }),
};
