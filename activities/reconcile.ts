import { formatDecimal, parseDecimal } from '../core/market/decimal.ts';
import { parseInstrument } from '../core/market/instrument.ts';
import type { Ledger } from '../infra/ledger/ledger.ts';
import type { VenueAccount } from '../infra/venue.ts';
import type { WorkflowInput } from '../schemas/workflows.ts';
import { withHeartbeat } from './heartbeat.ts';

/** One thing that ledger and venue tell differently. */
export interface Difference {
  readonly what: 'position' | 'openOrder' | 'fill';
  readonly instrument: string;
  readonly ledger: string;
  readonly venue: string;
}

export interface ReconcileResult {
  readonly account: string;
  readonly differences: readonly Difference[];
  /** What is under way and could not be compared. */
  readonly unsettledOrders: number;
}

export interface ReconcileDeps {
  readonly instruments: (account: string) => readonly string[];
  readonly openLedger: (account: string) => Ledger;
  readonly openVenue: (account: string) => Promise<VenueAccount>;
}

export function createActivities(deps: ReconcileDeps) {
  return {
    /** Reads ledger and venue and says every difference. Changes nothing: `execute` corrects itself, people decide the rest. */
    async reconcileAccount({ account }: WorkflowInput<'reconcile'>): Promise<ReconcileResult> {
      return withHeartbeat(async () => {
        const ledger = deps.openLedger(account);
        const venue = await deps.openVenue(account);
        try {
          return await compare(account, deps.instruments(account), ledger, venue);
        } finally {
          await venue.close();
          ledger.close();
        }
      });
    },
  };
}

async function compare(account: string, instruments: readonly string[], ledger: Ledger, venue: VenueAccount): Promise<ReconcileResult> {
  const atVenue = await venue.fetchOpenOrders();
  const held = new Map((await venue.fetchBalances()).map(({ asset, free, locked }) => [asset, parseDecimal(free) + parseDecimal(locked)]));
  const unsettled = ledger.unsettledOrders();
  const differences: Difference[] = [];
  for (const order of atVenue) {
    if (!instruments.includes(order.instrument) || ledger.order(order.clientOrderId)) continue;
    differences.push({ what: 'openOrder', instrument: order.instrument, ledger: 'none', venue: `${order.side} ${order.qty} (${order.clientOrderId})` });
  }
  const positions = ledger.positions();
  const openings = ledger.openings();
  for (const instrument of instruments) {
    for (const fill of await venue.fetchFills(instrument, ledger.fillCursors().get(instrument))) {
      if (!ledger.hasFill(venue.venue, instrument, fill.tradeId)) {
        differences.push({ what: 'fill', instrument, ledger: 'none', venue: `${fill.side} ${fill.qty} at ${fill.price} (trade ${fill.tradeId})` });
      }
    }
    if (unsettled.some(({ order }) => order.instrument === instrument)) continue;
    const { base } = parseInstrument(instrument);
    const wanted = (positions.get(instrument)?.qty ?? 0n) + (openings.get(base) ?? 0n);
    const found = held.get(base) ?? 0n;
    if (found !== wanted) differences.push({ what: 'position', instrument, ledger: formatDecimal(wanted), venue: formatDecimal(found) });
  }
  return { account, differences, unsettledOrders: unsettled.length };
}
