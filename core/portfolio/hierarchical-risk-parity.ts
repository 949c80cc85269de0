import { TouchstoneError } from '../errors.ts';
import { type Matrix, quadraticForm } from '../math/linear.ts';
import { correlationMatrix } from './correlation.ts';
import { requireCovariance, sampleCovariance } from './covariance.ts';
import { inverseVariance } from './risk-parity.ts';

/** Two clusters joined at a distance. Leaves are 0 to n − 1; join k makes cluster n + k. */
export interface ClusterJoin {
  readonly left: number;
  readonly right: number;
  readonly distance: number;
}

/** Single linkage: always joins the two clusters whose nearest members are nearest; ties by lowest numbers. `distances` is symmetric. O(n³). */
export function singleLinkage(distances: Matrix): readonly ClusterJoin[] {
  const n = distances.length;
  const members = new Map<number, number[]>(Array.from({ length: n }, (_, i) => [i, [i]]));
  const joins: ClusterJoin[] = [];
  while (members.size > 1) {
    const ids = [...members.keys()].sort((a, b) => a - b);
    let nearest: ClusterJoin = { left: ids[0]!, right: ids[1]!, distance: Number.POSITIVE_INFINITY };
    for (const left of ids) {
      for (const right of ids) {
        if (right <= left) continue;
        let distance = Number.POSITIVE_INFINITY;
        for (const i of members.get(left)!) for (const j of members.get(right)!) distance = Math.min(distance, distances[i]![j]!);
        if (distance < nearest.distance) nearest = { left, right, distance };
      }
    }
    members.set(n + joins.length, [...members.get(nearest.left)!, ...members.get(nearest.right)!]);
    members.delete(nearest.left);
    members.delete(nearest.right);
    joins.push(nearest);
  }
  return joins;
}

/** Leaves from left to right, the lower-numbered cluster of each join first. */
function leafOrder(joins: readonly ClusterJoin[], cluster: number, leaves: number): number[] {
  if (cluster < leaves) return [cluster];
  const { left, right } = joins[cluster - leaves]!;
  return [...leafOrder(joins, left, leaves), ...leafOrder(joins, right, leaves)];
}

/** Variance of a cluster held in inverse-variance weights. */
function clusterVariance(covariance: Matrix, cluster: readonly number[]): number {
  const part = cluster.map((i) => Float64Array.from(cluster, (j) => covariance[i]![j]!));
  return quadraticForm(part, inverseVariance(part));
}

/**
 * Hierarchical risk parity (López de Prado, 2016): assets are ordered by single linkage on √((1 − ρ)/2), the order is halved again and again
 * (the first half takes ⌊length/2⌋), and each half gets weight in inverse proportion to its variance. Needs no inverse of the covariance.
 * The linkage is on the distances themselves, not on distances between their columns. Rows of `returns` are periods.
 * @throws TouchstoneError BAD_RETURNS; BAD_COVARIANCE when an asset never moves.
 */
export function hierarchicalRiskParity(returns: Matrix): { weights: Float64Array; order: readonly number[]; joins: readonly ClusterJoin[] } {
  const covariance = sampleCovariance(returns);
  const n = requireCovariance(covariance);
  const correlation = correlationMatrix(returns);
  if (correlation.some((row) => row.some(Number.isNaN))) throw new TouchstoneError('BAD_COVARIANCE', 'an asset never moves');
  const joins = singleLinkage(correlation.map((row) => row.map((value) => Math.sqrt(Math.max(0, (1 - value) / 2)))));
  const order = leafOrder(joins, n + joins.length - 1, n);
  const weights = new Float64Array(n).fill(1);
  const pending = [order];
  for (let cluster = pending.pop(); cluster; cluster = pending.pop()) {
    if (cluster.length < 2) continue;
    const half = Math.floor(cluster.length / 2);
    const [first, second] = [cluster.slice(0, half), cluster.slice(half)];
    const variances = [clusterVariance(covariance, first), clusterVariance(covariance, second)] as const;
    const share = 1 - variances[0] / (variances[0] + variances[1]);
    for (const i of first) weights[i]! *= share;
    for (const i of second) weights[i]! *= 1 - share;
    pending.push(first, second);
  }
  return { weights, order, joins };
}
