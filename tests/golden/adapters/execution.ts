import { almgrenChriss, almgrenChrissFrontier } from '../../../core/execution/almgren-chriss.ts';
import { avellanedaStoikov } from '../../../core/execution/avellaneda-stoikov.ts';
import { squareRootImpact } from '../../../core/execution/impact.ts';
import { implementationShortfall } from '../../../core/execution/implementation-shortfall.ts';
import { averageFillPrice, type FillPart, slippageBps } from '../../../core/execution/slippage.ts';
import { twapSchedule } from '../../../core/execution/twap.ts';
import { vwapSchedule } from '../../../core/execution/vwap-schedule.ts';
import { walkBook } from '../../../core/execution/walk-book.ts';
import type { BookLevels } from '../../../core/market/book.ts';
import { type Decimal, decimalFromNumber, decimalToNumber } from '../../../core/market/decimal.ts';
import type { Side } from '../../../core/market/events.ts';
import type { Adapter } from '../cases.ts';

type Params = Readonly<Record<string, number>>;

const sideOf = (params: Params) => params.side as unknown as Side;
const slices = (schedule: readonly Decimal[]) => ({ slices: schedule.map(decimalToNumber) });
const programOf = ({ shares, horizonDays, intervals, sigma, epsilon, gamma, eta }: Params) => ({
  ...{ qty: shares!, horizon: horizonDays!, intervals: intervals!, sigma: sigma!, epsilon: epsilon!, gamma: gamma!, eta: eta! },
});

export const executionAdapters: Readonly<Record<string, Adapter>> = {
  almgrenChriss: (params) => ({ ...almgrenChriss(programOf(params), params.lambda!) }),
  almgrenChrissFrontier: (params, { lambdas }) => {
    const frontier = almgrenChrissFrontier(programOf(params), lambdas as number[]);
    return { expectedCost: frontier.map((point) => point.expectedCost), standardDeviation: frontier.map((point) => point.standardDeviation) };
  },
  twapSchedule: (params) => slices(twapSchedule(decimalFromNumber(params.quantity!), params.slices!, decimalFromNumber(params.lot!))),
  vwapSchedule: (params, { volumes }) => slices(vwapSchedule(decimalFromNumber(params.quantity!), volumes as number[], decimalFromNumber(params.lot!))),
  squareRootImpact: ({ y, sigmaDaily, quantity, dailyVolume }) => {
    const fraction = squareRootImpact(y!, sigmaDaily!, quantity!, dailyVolume!);
    return { fraction, bps: fraction * 10_000 };
  },
  slippage: (params, { fills }) => {
    const averagePrice = averageFillPrice(fills as FillPart[])!;
    return { averagePrice, slippageBps: slippageBps(sideOf(params), averagePrice, params.arrivalPrice!) };
  },
  implementationShortfall: (params, { fills, benchmarkAtFill }) => {
    const { orderQuantity, decisionPrice, cancelPrice, fees } = params;
    const { realisedLoss, totalQuote, ...rest } = implementationShortfall({
      ...{ side: sideOf(params), orderQty: orderQuantity!, decisionPrice: decisionPrice!, cancelPrice: cancelPrice!, fees: fees! },
      fills: fills as FillPart[],
      benchmarkAtFill: benchmarkAtFill as number[],
    });
    return { ...rest, realizedLoss: realisedLoss, totalCurrency: totalQuote };
  },
  walkBook: (params, { bids, asks }) => ({ ...walkBook({ bids, asks } as unknown as BookLevels, sideOf(params), params.quantity!) }),
  avellanedaStoikov: ({ mid, inventory, gamma, sigma, k, timeLeft }) => ({
    ...avellanedaStoikov({ mid: mid!, inventory: inventory!, gamma: gamma!, sigma: sigma!, k: k!, timeLeft: timeLeft! }),
  }),
};
