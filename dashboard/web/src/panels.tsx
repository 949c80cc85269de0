import type { HealthView, StrategyView } from '../../../schemas/http.ts';
import { formatTime, symbolOf, words } from './format.ts';
import type { Alert, LiveState } from './live.ts';
import { Card, Empty } from './parts.tsx';

export function Strategies({ strategies }: { strategies: ReadonlyMap<string, StrategyView> }) {
  return (
    <Card title="Strategies">
      {strategies.size === 0 ? (
        <Empty>None configured.</Empty>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Strategy</th>
              <th scope="col">Stage</th>
              <th scope="col" className="number">
                Size
              </th>
            </tr>
          </thead>
          <tbody>
            {[...strategies.values()].map((row) => (
              <tr key={row.strategy}>
                <td>
                  {row.strategy}
                  <span className="sub">{row.instruments.map(symbolOf).join(' ')}</span>
                </td>
                <td>
                  <span className={`tag stage-${row.stage ?? 'none'}`}>{row.stage ?? 'as configured'}</span>
                </td>
                <td className="number">{Math.round(Number(row.sizeFactor) * 100)} %</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

export function Health({ health }: { health: readonly HealthView[] }) {
  const sick = health.filter((row) => !row.isHealthy).length;
  return (
    <Card title="Processes" aside={health.length > 0 && <span className={sick ? 'down' : 'up'}>{sick ? `${sick} not healthy` : 'all healthy'}</span>}>
      {health.length === 0 ? (
        <Empty>Looking…</Empty>
      ) : (
        <ul className="health">
          {health.map((row) => (
            <li key={row.name}>
              <span className={`dot ${row.isHealthy ? 'good' : 'bad'}`} aria-hidden="true" />
              <span>{row.name}</span>
              <span className="sub">{row.detail}</span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

const ALERTS_SHOWN = 6;

/** The newest alerts; the same one again and again is one line with a count. */
export function Alerts({ alerts }: { alerts: LiveState['alerts'] }) {
  const groups = new Map<string, { newest: Alert; count: number }>();
  for (const alert of [...alerts.values()].sort((a, b) => b.eventTimeMs - a.eventTimeMs)) {
    const key = `${alert.source} ${alert.code} ${alert.message}`;
    const group = groups.get(key);
    if (group) group.count++;
    else groups.set(key, { newest: alert, count: 1 });
  }
  if (groups.size === 0) return null;
  return (
    <Card title="Alerts">
      <ul className="alerts">
        {[...groups.values()].slice(0, ALERTS_SHOWN).map(({ newest, count }) => (
          <li key={newest.id}>
            <span className={`tag ${newest.severity === 'info' ? '' : 'bad'}`}>{words(newest.code)}</span> {newest.message}
            <span className="sub">
              {formatTime(newest.eventTimeMs)} {newest.source}
              {count > 1 && `, ${count} times`}
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
