import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { Me, TradingStateView } from '../../../schemas/http.ts';
import { api } from './api.ts';
import { Approvals } from './approvals.tsx';
import { EquityChart } from './equity-chart.tsx';
import { FlatDialog, ResumeDialog } from './flat-dialog.tsx';
import { formatChange, formatMoney, formatPrice, symbolOf, toneOf } from './format.ts';
import { type Live, type LiveState, useLive } from './live.ts';
import { Orders } from './orders.tsx';
import { Alerts, Health, Strategies } from './panels.tsx';
import { Brand, Card, Empty } from './parts.tsx';
import { Positions } from './positions.tsx';
import { PriceChart } from './price-chart.tsx';

/** The whole of what a signed-in person sees. */
export function Desk({ me, live, onSignedOut }: { me: Me; live: Live; onSignedOut: () => void }) {
  const state = useLive(live);
  const [chosen, choose] = useState<string>();
  const instruments = instrumentsOf(state);
  const instrument = chosen ?? instruments[0];
  const account = state.tradingStates[0]?.account ?? state.equity.keys().next().value;
  return (
    <>
      <TopBar me={me} state={state} account={account} onSignedOut={onSignedOut} />
      {state.tradingStates.map((row) => row.state !== 'ACTIVE' && <StateBanner key={row.account} row={row} me={me} />)}
      <main className="desk">
        <div className="column wide">
          <Card title="Price" className="price-card">
            <Instruments state={state} instruments={instruments} chosen={instrument} onChoose={choose} />
            {instrument ? <PriceChart live={live} state={state} instrument={instrument} /> : <Empty>Waiting for the first price.</Empty>}
          </Card>
          <Orders orders={state.orders} />
        </div>
        <div className="column">
          <Approvals promotions={state.promotions} me={me} />
          <Card title="Equity" aside={account && <span className="muted">{account}</span>}>
            {account ? <EquityChart live={live} account={account} connection={state.connection} /> : <Empty>No account trades yet.</Empty>}
          </Card>
          <Positions state={state} />
          <Strategies strategies={state.strategies} />
          <Health health={state.health} />
          <Alerts alerts={state.alerts} />
        </div>
      </main>
    </>
  );
}

/** Those that strategies trade first, as they are configured, then the rest by name. */
function instrumentsOf(state: LiveState): readonly string[] {
  const traded = [...state.strategies.values()].flatMap((strategy) => strategy.instruments);
  return [...new Set([...traded.filter((name) => state.prices.has(name)), ...[...state.prices.keys()].sort()])];
}

function TopBar({ me, state, account, onSignedOut }: { me: Me; state: LiveState; account: string | undefined; onSignedOut: () => void }) {
  const [isFlattening, setFlattening] = useState(false);
  const signOut = useMutation({ mutationFn: api.signOut, onSettled: onSignedOut });
  const equity = account === undefined ? undefined : state.equity.get(account);
  return (
    <header className="top-bar">
      <Brand />
      {equity && (
        <dl className="figures">
          <div>
            <dt>Equity</dt>
            <dd data-testid="equity">{formatMoney(equity.equityQuote)}</dd>
          </div>
          <div className="spare">
            <dt>Realised</dt>
            <dd className={toneOf(equity.realisedPnlQuote)}>{formatChange(equity.realisedPnlQuote)}</dd>
          </div>
          <div className="spare">
            <dt>Fees</dt>
            <dd>{formatMoney(equity.feesQuote)}</dd>
          </div>
        </dl>
      )}
      <span className={`connection ${state.isConnected ? 'on' : 'off'}`} role="status">
        {state.isConnected ? 'Live' : 'Connecting…'}
      </span>
      <span className="spacer" />
      <span className="who">
        {me.name} <span className="muted">{me.role}</span>
      </span>
      <button type="button" className="quiet" onClick={() => signOut.mutate()}>
        Sign out
      </button>
      {me.role !== 'viewer' && (
        <button type="button" className="danger" onClick={() => setFlattening(true)}>
          FLAT ALL
        </button>
      )}
      {isFlattening && <FlatDialog onClose={() => setFlattening(false)} />}
    </header>
  );
}

function StateBanner({ row, me }: { row: TradingStateView; me: Me }) {
  const [isResuming, setResuming] = useState(false);
  const mayResume = me.role === 'approver' || me.role === 'admin';
  return (
    <div className={`banner ${row.state.toLowerCase()}`} role="alert">
      <span>
        <strong>{row.state}</strong> {row.account}: {row.reason} <span className="muted">by {row.by}</span>
      </span>
      {mayResume && (
        <button type="button" onClick={() => setResuming(true)}>
          Resume…
        </button>
      )}
      {isResuming && <ResumeDialog account={row.account} onClose={() => setResuming(false)} />}
    </div>
  );
}

interface InstrumentsProps {
  state: LiveState;
  instruments: readonly string[];
  chosen: string | undefined;
  onChoose: (instrument: string) => void;
}

function Instruments({ state, instruments, chosen, onChoose }: InstrumentsProps) {
  return (
    <fieldset className="tabs prices" aria-label="Instrument">
      {instruments.map((name) => {
        const row = state.prices.get(name)!;
        return (
          <button type="button" key={name} aria-pressed={name === chosen} onClick={() => onChoose(name)} title={name}>
            <span className="muted">{symbolOf(name)}</span>
            <span className={`price ${row.isStale ? 'stale' : ''}`} data-instrument={name}>
              {formatPrice(row.price)}
            </span>
          </button>
        );
      })}
    </fieldset>
  );
}
