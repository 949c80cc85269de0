import { useQuery } from '@tanstack/react-query';
import { AreaSeries, createChart, type IChartApi, type ISeriesApi, type UTCTimestamp } from 'lightweight-charts';
import { useCallback, useEffect, useRef } from 'react';
import type { DashboardUpdate, EquityView } from '../../../schemas/http.ts';
import { api } from './api.ts';
import { chartOptions, useColors } from './chart-colors.ts';
import { type Live, useUpdates } from './live.ts';

/** Equity of one account over the last day. */
export function EquityChart({ live, account, connection }: { live: Live; account: string; connection: number }) {
  const container = useRef<HTMLDivElement>(null);
  const drawing = useRef<{ chart: IChartApi; series: ISeriesApi<'Area'> }>(null);
  const newestS = useRef(0);
  const colors = useColors();
  const points = useQuery({ queryKey: ['equity', account, connection], queryFn: () => api.equity(account), gcTime: 0 });

  useEffect(() => {
    const chart = createChart(container.current!, { autoSize: true, layout: { attributionLogo: false } });
    drawing.current = { chart, series: chart.addSeries(AreaSeries, { lineWidth: 2, priceLineVisible: false }) };
    return () => {
      drawing.current = null;
      chart.remove();
    };
  }, []);

  useEffect(() => {
    const { chart, series } = drawing.current!;
    chart.applyOptions(chartOptions(colors, false));
    series.applyOptions({ lineColor: colors.line, topColor: `${colors.line}44`, bottomColor: `${colors.line}00` });
  }, [colors]);

  const add = useCallback((rows: readonly EquityView[]) => {
    const drawn = drawing.current;
    if (!drawn) return;
    for (const { eventTimeMs, equityQuote } of rows) {
      const second = Math.floor(eventTimeMs / 1000);
      if (second <= newestS.current) continue;
      newestS.current = second;
      drawn.series.update({ time: second as UTCTimestamp, value: equityQuote });
    }
  }, []);

  useEffect(() => {
    if (!points.data) return;
    newestS.current = 0;
    drawing.current!.series.setData([]);
    add(points.data);
    drawing.current!.chart.timeScale().fitContent();
  }, [points.data, add]);

  const follow = useCallback((update: DashboardUpdate) => add((update.equity ?? []).filter((row) => row.account === account)), [account, add]);
  useUpdates(live, follow);

  return <div ref={container} className="chart equity-chart" role="img" aria-label={`Equity of account ${account}`} />;
}
