import { baseOf, formatChange, formatMoney, formatPrice, formatQty, symbolOf, toneOf } from './format.ts';
import type { LiveState } from './live.ts';
import { Card, Empty } from './parts.tsx';

/** Open positions with their value at the last price; closed ones are history. */
export function Positions({ state }: { state: LiveState }) {
  const open = [...state.positions.values()].filter((position) => Number(position.qty) !== 0).sort((a, b) => a.instrument.localeCompare(b.instrument));
  return (
    <Card title="Positions" aside={<span className="muted">{open.length || ''}</span>}>
      {open.length === 0 ? (
        <Empty>Flat.</Empty>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Instrument</th>
              <th scope="col" className="number">
                Quantity
              </th>
              <th scope="col" className="number">
                Value
              </th>
              <th scope="col" className="number">
                Unrealised
              </th>
            </tr>
          </thead>
          <tbody>
            {open.map((position) => {
              const qty = Number(position.qty);
              const entry = Number(position.averageEntryPrice);
              const price = state.prices.get(position.instrument)?.price;
              const gain = price === undefined ? undefined : qty * (price - entry);
              return (
                <tr key={`${position.account} ${position.instrument}`}>
                  <td>
                    {symbolOf(position.instrument)}
                    <span className="sub">entry {formatPrice(entry)}</span>
                  </td>
                  <td className="number">
                    {formatQty(position.qty)} <span className="sub">{baseOf(position.instrument)}</span>
                  </td>
                  <td className="number">{price === undefined ? '–' : formatMoney(qty * price)}</td>
                  <td className={`number ${toneOf(gain ?? 0)}`}>{gain === undefined ? '–' : formatChange(gain)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </Card>
  );
}
