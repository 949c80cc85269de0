import { computeIndicator } from '../../../core/indicators/indicator.ts';
import { findIndicator } from '../../../core/indicators/registry.ts';
import type { BarColumns } from '../../../core/market/bars.ts';
import type { Adapter } from '../cases.ts';

/** Columns of whatever a case gives; what it does not give is never read by its function. */
function columnsOf(inputs: Readonly<Record<string, unknown>>): BarColumns {
  const close = inputs.close as number[];
  const column = (name: string) => Float64Array.from((inputs[name] as number[] | undefined) ?? close);
  return {
    length: close.length,
    openTimeMs: column('ts'),
    open: column('open'),
    high: column('high'),
    low: column('low'),
    close: column('close'),
    volume: column('volume'),
  };
}

const donchianInputs = (inputs: Readonly<Record<string, unknown>>) => ({ close: inputs.high, ...inputs });

function indicator(name: string, renameOutputs: (outputs: Record<string, Float64Array>) => Record<string, Float64Array> = (outputs) => outputs): Adapter {
  return ({ anchor: _anchor, ...params }, inputs) => renameOutputs(computeIndicator(findIndicator(name), params, columnsOf(inputs)));
}

export const indicatorAdapters: Readonly<Record<string, Adapter>> = {
  sma: indicator('sma'),
  ema: indicator('ema'),
  rma: indicator('rma'),
  rsi: indicator('rsi'),
  macd: indicator('macd'),
  bollinger: indicator('bollinger'),
  stddev: (params, inputs) => {
    const { upper, middle } = computeIndicator(findIndicator('bollinger'), { period: params.period!, k: 1 }, columnsOf(inputs));
    return { stddev: upper!.map((value, i) => value - middle![i]!) };
  },
  atr: indicator('atr'),
  donchian: (params, inputs) => indicator('donchian')(params, donchianInputs(inputs)),
  vwapSession: indicator('vwapSession'),
  vwapRolling: indicator('vwapRolling'),
  obv: indicator('obv'),
};
