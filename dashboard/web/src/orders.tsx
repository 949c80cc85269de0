import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { OrderEvent } from '../../../schemas/trading.ts';
import { ApiError, api } from './api.ts';
import { formatPrice, formatQty, formatTime, symbolOf, words } from './format.ts';
import { Card, Dialog, Empty, Problem } from './parts.tsx';

const SHOWN = 60;
const BAD = new Set(['REJECTED', 'UNKNOWN', 'ABANDONED']);

/** The newest orders; each can say why it is there. */
export function Orders({ orders }: { orders: ReadonlyMap<string, OrderEvent> }) {
  const [asked, ask] = useState<OrderEvent>();
  const newest = [...orders.values()].sort((a, b) => b.createdTimeMs - a.createdTimeMs || b.sequence - a.sequence).slice(0, SHOWN);
  return (
    <Card title="Orders" className="orders-card" aside={<span className="muted">{orders.size || ''}</span>}>
      {newest.length === 0 ? (
        <Empty>No orders yet.</Empty>
      ) : (
        <div className="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Order</th>
                <th scope="col" className="number spare">
                  Price
                </th>
                <th scope="col" className="spare">
                  Strategy
                </th>
                <th scope="col">State</th>
                <th scope="col">
                  <span className="hidden">Lineage</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {newest.map((order) => (
                <tr key={`${order.account} ${order.intentId}`}>
                  <td>{formatTime(order.createdTimeMs)}</td>
                  <td>
                    <span className={order.side === 'buy' ? 'up' : 'down'}>{order.side}</span> {formatQty(order.qty)} {symbolOf(order.instrument)}
                  </td>
                  <td className="number spare">{priceOf(order)}</td>
                  <td className="spare">{order.strategy}</td>
                  <td>
                    <span className={`tag ${BAD.has(order.status) ? 'bad' : order.status === 'FILLED' ? 'good' : ''}`}>
                      {order.status.toLowerCase().replace('_', ' ')}
                    </span>
                    {order.reason && <span className="sub">{order.reason}</span>}
                  </td>
                  <td className="number">
                    <button
                      type="button"
                      className="quiet"
                      onClick={() => ask(order)}
                      aria-label={`Why ${order.side} ${order.qty} ${symbolOf(order.instrument)}?`}
                    >
                      Why?
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {asked && <Lineage order={asked} onClose={() => ask(undefined)} />}
    </Card>
  );
}

function priceOf(order: OrderEvent): string {
  const price = order.averagePrice ?? order.price;
  return price === undefined ? 'market' : formatPrice(Number(price));
}

/** One row of the lineage view, from tick to fee, as it stands in the archive. */
function Lineage({ order, onClose }: { order: OrderEvent; onClose: () => void }) {
  const lineage = useQuery({
    queryKey: ['lineage', order.account, order.intentId],
    queryFn: () => api.lineage(order.account, order.intentId),
    gcTime: 0,
    // A fresh order reaches the archive a moment later.
    retry: (failures, error) => error instanceof ApiError && error.code === 'NOT_FOUND' && failures < 8,
    retryDelay: 1_000,
  });
  return (
    <Dialog title={`Why ${order.side} ${formatQty(order.qty)} ${symbolOf(order.instrument)}?`} onClose={onClose}>
      <Problem error={lineage.error} />
      {lineage.isPending && <Empty>Asking the archive…</Empty>}
      {lineage.data && (
        <dl className="facts">
          {Object.entries(lineage.data)
            .filter(([, value]) => value !== null && value !== '')
            .map(([name, value]) => (
              <div key={name}>
                <dt>{words(name)}</dt>
                <dd>{typeof value === 'string' && value.startsWith('{') ? <Facts json={value} /> : text(value)}</dd>
              </div>
            ))}
        </dl>
      )}
    </Dialog>
  );
}

function text(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The values a decision had read. */
function Facts({ json }: { json: string }) {
  try {
    const entries = Object.entries(JSON.parse(json) as Record<string, unknown>);
    return entries.map(([name, value]) => (
      <span key={name} className="fact">
        {words(name)} <b>{typeof value === 'number' ? Number(value.toPrecision(7)) : text(value)}</b>
      </span>
    ));
  } catch {
    return json;
  }
}
