import { ColorType, CrosshairMode, type DeepPartial, type TimeChartOptions } from 'lightweight-charts';
import { useSyncExternalStore } from 'react';

export interface ChartColors {
  readonly up: string;
  readonly down: string;
  readonly line: string;
  readonly text: string;
  readonly grid: string;
}

const LIGHT = window.matchMedia('(prefers-color-scheme: light)');

function subscribe(listener: () => void): () => void {
  LIGHT.addEventListener('change', listener);
  return () => LIGHT.removeEventListener('change', listener);
}

/** The style sheet's colours, which a canvas cannot inherit; read anew when the system's theme changes. */
export function useColors(): ChartColors {
  const isLight = useSyncExternalStore(subscribe, () => LIGHT.matches);
  return isLight ? readColors('light') : readColors('dark');
}

const read = new Map<string, ChartColors>();

function readColors(theme: string): ChartColors {
  const known = read.get(theme);
  if (known) return known;
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const colors = { up: color('--up'), down: color('--down'), line: color('--accent'), text: color('--muted'), grid: color('--grid') };
  read.set(theme, colors);
  return colors;
}

export function chartOptions(colors: ChartColors, secondsVisible: boolean): DeepPartial<TimeChartOptions> {
  return {
    // The attribution stands beside the chart as a link: the library's own logo needs an inline style, which the content policy refuses.
    layout: { background: { type: ColorType.Solid, color: 'transparent' }, textColor: colors.text, attributionLogo: false, fontFamily: 'inherit' },
    grid: { vertLines: { color: colors.grid }, horzLines: { color: colors.grid } },
    crosshair: { mode: CrosshairMode.Normal },
    rightPriceScale: { borderVisible: false },
    timeScale: { borderVisible: false, timeVisible: true, secondsVisible },
  };
}
