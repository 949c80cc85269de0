import type { HealthView, StrategyView } from '../../../schemas/http.ts';
import { formatTime, symbolOf, words } from './format.ts';
import type { LiveState } from './live.ts';
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

export function Alerts({ alerts }: { alerts: LiveState['alerts'] }) {
  const newest = [...alerts.values()].sort((a, b) => b.eventTimeMs - a.eventTimeMs).slice(0, 12);
  if (newest.length === 0) return null;
  return (
    <Card title="Alerts">
      <ul className="alerts">
        {newest.map((alert) => (
          <li key={alert.id}>
            <span className={`tag ${alert.severity === 'info' ? '' : 'bad'}`}>{words(alert.code)}</span> {alert.message}
            <span className="sub">
              {formatTime(alert.eventTimeMs)} {alert.source}
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
