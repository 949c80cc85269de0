import { useQuery } from '@tanstack/react-query';
import {
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  type IChartApi,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { BarView, DashboardUpdate } from '../../../schemas/http.ts';
import type { FillEvent } from '../../../schemas/trading.ts';
import { api } from './api.ts';
import { chartOptions, useColors } from './chart-colors.ts';
import { priceDigits } from './format.ts';
import { type Live, type LiveState, useUpdates } from './live.ts';

const INTERVAL_S: Readonly<Record<string, number>> = { '1s': 1, '1m': 60, '5m': 300, '15m': 900, '1h': 3_600 };
const INTERVALS = Object.keys(INTERVAL_S);
const toTime = (ms: number) => Math.floor(ms / 1000) as UTCTimestamp;

interface Drawing {
  readonly chart: IChartApi;
  readonly series: ISeriesApi<'Candlestick'>;
  readonly markers: ISeriesMarkersPluginApi<Time>;
}

interface Candle {
  time: UTCTimestamp;
  open: number;
  high: number;
  low: number;
  close: number;
}

/** Candles of one instrument, the forming one from live prices, and our own trades on them. */
export function PriceChart({ live, state, instrument }: { live: Live; state: LiveState; instrument: string }) {
  const [interval, setInterval] = useState('1s');
  const container = useRef<HTMLDivElement>(null);
  const drawing = useRef<Drawing>(null);
  const newest = useRef<Candle>(null);
  const colors = useColors();
  const bars = useQuery({ queryKey: ['bars', instrument, interval, state.connection], queryFn: () => api.bars(instrument, interval), gcTime: 0 });

  useEffect(() => {
    const chart = createChart(container.current!, { autoSize: true, layout: { attributionLogo: false } });
    const series = chart.addSeries(CandlestickSeries, { borderVisible: false });
    drawing.current = { chart, series, markers: createSeriesMarkers(series, []) };
    return () => {
      drawing.current = null;
      chart.remove();
    };
  }, []);

  useEffect(() => {
    const { chart, series } = drawing.current!;
    chart.applyOptions(chartOptions(colors, interval === '1s'));
    series.applyOptions({ upColor: colors.up, downColor: colors.down, wickUpColor: colors.up, wickDownColor: colors.down });
  }, [colors, interval]);

  useEffect(() => {
    if (!bars.data) return;
    const { chart, series } = drawing.current!;
    const candles = bars.data.map(toCandle);
    newest.current = candles.at(-1) ?? null;
    series.setData(candles);
    if (newest.current) {
      const digits = priceDigits(newest.current.close);
      series.applyOptions({ priceFormat: { type: 'price', precision: digits, minMove: 10 ** -digits } });
    }
    chart.timeScale().setVisibleLogicalRange({ from: Math.max(0, candles.length - 160), to: candles.length + 4 });
  }, [bars.data]);

  const follow = useCallback(
    (update: DashboardUpdate) => {
      const series = drawing.current?.series;
      if (!series) return;
      for (const bar of update.bars ?? []) {
        if (bar.instrument === instrument && bar.interval === interval) draw(series, newest, toCandle(bar));
      }
      const price = update.prices?.find((row) => row.instrument === instrument);
      if (price) draw(series, newest, withPrice(newest.current, price.price, toTime(price.eventTimeMs), INTERVAL_S[interval]!));
    },
    [instrument, interval],
  );
  useUpdates(live, follow);

  const { fills } = state;
  useEffect(() => {
    const first = bars.data?.[0];
    if (!first || !drawing.current) return;
    const shown = [...fills.values()].filter((fill) => fill.instrument === instrument && fill.eventTimeMs >= first.openTimeMs);
    drawing.current.markers.setMarkers(toMarkers(shown, INTERVAL_S[interval]!, colors));
  }, [fills, instrument, interval, bars.data, colors]);

  return (
    <>
      <fieldset className="tabs small" aria-label="Bar length">
        {INTERVALS.map((name) => (
          <button type="button" key={name} aria-pressed={name === interval} onClick={() => setInterval(name)}>
            {name}
          </button>
        ))}
        <span className="attribution">
          Charts by{' '}
          <a href="https://www.tradingview.com/" target="_blank" rel="noreferrer">
            TradingView Lightweight Charts™
          </a>
        </span>
      </fieldset>
      <div ref={container} className="chart price-chart" role="img" aria-label={`Price of ${instrument} with our trades`} />
    </>
  );
}

function toCandle({ openTimeMs, open, high, low, close }: BarView): Candle {
  return { time: toTime(openTimeMs), open, high, low, close };
}

/** Draws a candle unless a newer one stands already: what is past comes with the next load. */
function draw(series: ISeriesApi<'Candlestick'>, newest: { current: Candle | null }, candle: Candle): void {
  if (newest.current && candle.time < newest.current.time) return;
  newest.current = candle;
  series.update(candle);
}

/** The forming candle after a trade; bars that are closed come whole and replace it. */
function withPrice(last: Candle | null, price: number, time: UTCTimestamp, intervalS: number): Candle {
  const start = (time - (time % intervalS)) as UTCTimestamp;
  if (!last || start > last.time)
    return { time: start, open: last?.close ?? price, high: Math.max(price, last?.close ?? price), low: Math.min(price, last?.close ?? price), close: price };
  return { ...last, high: Math.max(last.high, price), low: Math.min(last.low, price), close: price };
}

function toMarkers(fills: readonly FillEvent[], intervalS: number, colors: { up: string; down: string }): SeriesMarker<Time>[] {
  const placed = new Map<string, SeriesMarker<Time>>();
  for (const fill of [...fills].sort((a, b) => a.eventTimeMs - b.eventTimeMs)) {
    const seconds = toTime(fill.eventTimeMs);
    const time = (seconds - (seconds % intervalS)) as UTCTimestamp;
    const isBuy = fill.side === 'buy';
    placed.set(`${time} ${fill.side}`, {
      time,
      position: isBuy ? 'belowBar' : 'aboveBar',
      shape: isBuy ? 'arrowUp' : 'arrowDown',
      color: isBuy ? colors.up : colors.down,
    });
  }
  return [...placed.values()];
}
