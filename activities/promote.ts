import { Context } from '@temporalio/activity';
import { TouchstoneError } from '../core/errors.ts';
import { canonicalJson, sha256 } from '../core/hash.ts';
import { decimalFromNumber, formatDecimal } from '../core/market/decimal.ts';
import type { StrategyConfig } from '../core/strategies/strategy.ts';
import type { Artefacts } from '../infra/artefacts.ts';
import type { Clickhouse } from '../infra/clickhouse.ts';
import type { Clock } from '../infra/clock.ts';
import type { Configuration } from '../infra/config.ts';
import type { ControlStore } from '../infra/control-store/control-store.ts';
import type { SharpeEstimate } from '../core/stats/sharpe-evidence.ts';
import type { Stage, StrategyActivated } from '../schemas/control.ts';
import type { PromotionPolicy } from '../schemas/policy.ts';
import type { ApprovalRequest, WorkflowInput } from '../schemas/workflows.ts';
import { withHeartbeat } from './heartbeat.ts';
import { checkGates, deflate, type GateResult, type Measures, policyRefusal } from './promotion-gates.ts';
import { recordPromotionStep } from './promotion-log.ts';
import { measureProfit } from './strategy-profit.ts';

/** What is promoted under which policy; fixed at the start and carried in the history. */
export interface Promotion {
  readonly promotionId: string;
  readonly strategy: string;
  readonly strategyType: string;
  readonly version: string;
  readonly account: string;
  readonly venue: string;
  readonly instruments: readonly string[];
  readonly sizeQuote: string;
  readonly parameters: Readonly<Record<string, number>>;
  readonly modelId: string;
  readonly configHash: string;
  readonly policy: PromotionPolicy;
  readonly policyHash: string;
}

/** An evidence pack: its address is its hash, and is what people sign. */
export interface Evidence {
  readonly address: string;
  readonly failedGates: readonly string[];
}

export interface StageResult {
  readonly ended: 'not yet' | 'time' | 'loss';
  readonly reason: string;
  readonly profitQuote: number;
  readonly fills: number;
  readonly elapsedMs: number;
}

export interface StageEntry {
  readonly promotion: Promotion;
  readonly stage: Stage;
  /** Fraction of the configured size, 0 to 1. */
  readonly sizeFactor: number;
  readonly reason: string;
  readonly evidenceHash: string;
  readonly approvers: readonly string[];
}

export type ApprovalOutcome = { readonly accepted: true } | { readonly accepted: false; readonly code: string };

export interface PromoteDeps {
  readonly history: Clickhouse;
  readonly artefacts: Artefacts;
  readonly controlStore: ControlStore;
  readonly clock: Clock;
  /** Read anew each time: a promotion sees the files as they are when it starts. */
  readonly loadConfiguration: () => Configuration;
  readonly loadPolicy: (name: string) => PromotionPolicy;
  /** Version of a strategy's code and configuration, as signals carry it. */
  readonly strategyVersion: (config: StrategyConfig) => string;
  /** Sends to topic `control`; resolves once the brokers have it. */
  readonly publishStrategy: (activated: StrategyActivated) => Promise<void>;
}

/** A watch ends after this long and is started again by the workflow, so that no activity runs for weeks. */
const WATCH_CHUNK_MS = 6 * 3_600_000;

const STAGE_SEQUENCE: Record<Stage, number> = { candidate: 0, backtested: 1, paper: 10, canary: 40, live: 50, retired: 60, rejected: 60 };

export function createActivities(deps: PromoteDeps) {
  /** The same at every attempt of an activity, so that what it writes is the same. */
  const scheduledMs = () => Context.current().info.scheduledTimestampMs;

  return {
    /** @throws TouchstoneError UNKNOWN_STRATEGY, POLICY_REFUSED, CONFIG_NOT_FOUND, BAD_CONFIG */
    async preparePromotion(request: { promotionId: string; input: WorkflowInput<'promote'> }): Promise<Promotion> {
      const { promotionId, input } = request;
      const configuration = deps.loadConfiguration();
      const configured = configuration.strategies.find((strategy) => strategy.name === input.strategy);
      if (!configured) throw new TouchstoneError('UNKNOWN_STRATEGY', `no strategy "${input.strategy}" under config/strategies`);
      const account = configuration.system.accounts.find(({ name }) => name === configured.account)!;
      const policy = deps.loadPolicy(input.policy);
      const refusal = policyRefusal(policy, account.venue);
      if (refusal) throw new TouchstoneError('POLICY_REFUSED', refusal);
      const config = { ...configured, parameters: { ...configured.parameters, ...input.parameters } };
      return {
        promotionId,
        strategy: config.name,
        strategyType: config.type,
        version: deps.strategyVersion(config),
        account: account.name,
        venue: account.venue,
        instruments: config.instruments,
        sizeQuote: config.sizeQuote,
        parameters: config.parameters,
        modelId: input.modelId,
        configHash: configuration.hash,
        policy,
        policyHash: sha256(canonicalJson(policy)),
      };
    },

    /** Gates over the last walk-forward run of the strategy and the count of all trials ever made of its family. */
    async gatherEvidence({ promotion }: { promotion: Promotion }): Promise<Evidence> {
      const trials = deps.controlStore.trialCount(promotion.strategyType);
      const { runs, measures } = await measureOutOfSample(deps.history, promotion.strategy, trials);
      const gates = checkGates(promotion.policy, measures);
      const evidence = { kind: 'gates', promotion, trials, runs, measures, gates };
      const { address } = await deps.artefacts.putJson(evidence);
      const failedGates = failuresOf(gates);
      await recordPromotionStep(deps.history, {
        promotion,
        eventId: `${promotion.promotionId}#gates`,
        sequence: 5,
        step: 'gates',
        stage: 'candidate',
        sizeFactor: 0,
        actor: 'system',
        evidenceAddress: address,
        passed: failedGates.length === 0,
        note: failedGates.length === 0 ? 'all gates passed' : `failed: ${failedGates.join(', ')}`,
        detail: { gates },
        eventTimeMs: scheduledMs(),
      });
      return { address, failedGates };
    },

    /**
     * Brings a strategy to a stage: its size goes out on topic `control` before anything is recorded, so that taking a strategy off waits for
     * no archive. @returns since when the stage counts
     */
    async enterStage(entry: StageEntry): Promise<{ sinceMs: number }> {
      const { promotion, stage, sizeFactor, reason, evidenceHash, approvers } = entry;
      const sinceMs = scheduledMs();
      await deps.publishStrategy({
        strategy: promotion.strategy,
        version: promotion.version,
        account: promotion.account,
        stage,
        sizeFactor: formatDecimal(decimalFromNumber(sizeFactor)),
        parameters: promotion.parameters,
        ...(promotion.modelId ? { modelId: promotion.modelId } : {}),
        promotionId: promotion.promotionId,
        sinceMs,
      });
      const eventId = `${promotion.promotionId}#${stage}`;
      const demoted = stage === 'retired';
      await recordPromotionStep(deps.history, {
        promotion,
        eventId,
        sequence: STAGE_SEQUENCE[stage],
        step: demoted ? 'demote' : 'stage',
        stage,
        sizeFactor,
        actor: 'system',
        evidenceAddress: evidenceHash,
        passed: true,
        note: reason,
        detail: { approvers },
        eventTimeMs: sinceMs,
      });
      deps.controlStore.appendAudit({
        actor: 'system',
        action: `promotion.${stage}`,
        subject: promotion.strategy,
        detail: { promotionId: promotion.promotionId, sizeFactor, reason, evidenceHash, approvers: [...approvers] },
        nowMs: deps.clock.nowMs(),
      });
      return { sinceMs };
    },

    /** Watches a stage until its time is up, until it lost more than the policy allows, or for some hours. */
    async watchStage(request: { promotion: Promotion; stage: Stage; sinceMs: number; untilMs: number }): Promise<StageResult> {
      const { promotion, stage, sinceMs, untilMs } = request;
      const { intervalMs, maxLossQuote } = promotion.policy.watch;
      const pauseUntilMs = deps.clock.nowMs() + WATCH_CHUNK_MS;
      return withHeartbeat(async () => {
        for (;;) {
          const nowMs = deps.clock.nowMs();
          const [profit] = await measureProfit(deps.history, { account: promotion.account, strategy: promotion.strategy, fromMs: sinceMs, toMs: nowMs });
          const profitQuote = profit?.profitQuote ?? 0;
          const seen = { profitQuote, fills: profit?.fills ?? 0, elapsedMs: Math.min(nowMs, untilMs) - sinceMs };
          if (profitQuote <= -maxLossQuote) {
            return { ended: 'loss', reason: `${stage} lost ${(-profitQuote).toFixed(2)}, more than the ${maxLossQuote} allowed`, ...seen };
          }
          if (nowMs >= untilMs) return { ended: 'time', reason: `${stage} ran its time`, ...seen };
          if (nowMs >= pauseUntilMs) return { ended: 'not yet', reason: '', ...seen };
          await Context.current().sleep(Math.min(intervalMs, untilMs - nowMs));
        }
      });
    },

    /** The pack that people sign: gates, the paper trial, policy and hashes. */
    async sealEvidence(request: { promotion: Promotion; gates: string; paper: StageResult }): Promise<Evidence> {
      const { promotion, paper } = request;
      const gates = await deps.artefacts.getJson<{ gates: GateResult[]; measures: Measures; runs: readonly string[]; trials: number }>(request.gates);
      const { minFills } = promotion.policy.paper;
      const trial: GateResult = { measure: 'trades', wanted: `at least ${minFills} fills on paper`, measured: paper.fills, passed: paper.fills >= minFills };
      const failedGates = [...failuresOf(gates.gates), ...(trial.passed ? [] : [`paper fills: ${paper.fills}, wanted at least ${minFills}`])];
      const { address } = await deps.artefacts.putJson({ kind: 'evidence', promotion, gates, paper: { ...paper, gate: trial }, failedGates });
      await recordPromotionStep(deps.history, {
        promotion,
        eventId: `${promotion.promotionId}#evidence`,
        sequence: 20,
        step: 'evidence',
        stage: 'paper',
        sizeFactor: promotion.policy.paper.sizeFactor,
        actor: 'system',
        evidenceAddress: address,
        passed: failedGates.length === 0,
        note: 'evidence pack sealed',
        detail: { paper, failedGates },
        eventTimeMs: scheduledMs(),
      });
      return { address, failedGates };
    },

    /** Takes the approver's TOTP code, once: a retry of the same Update is accepted again, any other use of the code is not. */
    async consumeApproval(
      request: ApprovalRequest & { promotion?: Promotion; promotionId: string; decision: 'approve' | 'reject'; updateId: string },
    ): Promise<ApprovalOutcome> {
      const { promotion, promotionId, decision, approver, code, evidenceHash, note, updateId } = request;
      const outcome = deps.controlStore.consumeApproval({
        promotionId,
        decision,
        approver,
        code,
        evidenceHash,
        note,
        // Update ids are unique within a workflow only.
        updateId: `${promotionId}/${updateId}`,
        nowMs: deps.clock.nowMs(),
      });
      if (outcome.accepted && promotion) {
        await recordPromotionStep(deps.history, {
          promotion,
          eventId: `${promotionId}#${decision}#${approver}`,
          sequence: 30,
          step: decision,
          stage: 'paper',
          sizeFactor: promotion.policy.paper.sizeFactor,
          actor: approver,
          evidenceAddress: evidenceHash,
          passed: decision === 'approve',
          note,
          detail: { updateId },
          eventTimeMs: scheduledMs(),
        });
      }
      return outcome;
    },
  };
}

function failuresOf(gates: readonly GateResult[]): string[] {
  return gates.filter(({ passed }) => !passed).map(({ measure, wanted, measured }) => `${measure}: ${measured ?? 'not measured'}, wanted ${wanted}`);
}

/** What `walkForward` leaves in the metrics of its run for the gates. */
export interface OutOfSample {
  readonly folds: number;
  readonly estimate: SharpeEstimate | null;
  /** Variance of the candidates' Sharpe ratios per period. */
  readonly trialSharpeVariance: number | null;
}

interface RunRow {
  run_id: string;
  sharpe: number | null;
  total_return: number | null;
  max_drawdown: number | null;
  trades: number;
  detail: string;
}

async function measureOutOfSample(history: Clickhouse, strategy: string, trials: number): Promise<{ runs: string[]; measures: Measures }> {
  const [run] = await history.queryRows<RunRow>(
    `SELECT run_id, sharpe, total_return, max_drawdown, trades, detail FROM runs
     WHERE kind = 'walkForward' AND strategy = {strategy:String} AND status = 'done' ORDER BY finished_at DESC, run_id LIMIT 1`,
    { strategy },
  );
  if (!run) {
    const measures = { walkForwardFolds: null, outOfSampleSharpe: null, outOfSampleReturn: null, maxDrawdown: null, deflatedSharpe: null, trades: null };
    return { runs: [], measures };
  }
  const detail = JSON.parse(run.detail) as OutOfSample;
  return {
    runs: [run.run_id],
    measures: {
      walkForwardFolds: detail.folds,
      outOfSampleSharpe: run.sharpe,
      outOfSampleReturn: run.total_return,
      maxDrawdown: run.max_drawdown,
      deflatedSharpe: deflate(detail.estimate ?? undefined, trials, detail.trialSharpeVariance ?? undefined),
      trades: Number(run.trades),
    },
  };
}
