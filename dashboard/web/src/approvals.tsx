import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Me, PromotionView } from '../../../schemas/http.ts';
import { api } from './api.ts';
import { formatChange, words } from './format.ts';
import { Card, CodeField, Dialog, Empty, Problem } from './parts.tsx';

type Decision = 'approve' | 'reject';

/** Promotions that run, those that wait for a person first. */
export function Approvals({ promotions, me }: { promotions: readonly PromotionView[]; me: Me }) {
  if (promotions.length === 0) return null;
  const sorted = [...promotions].sort((a, b) => Number(b.isWaiting) - Number(a.isWaiting));
  return (
    <Card title="Promotions" className={promotions.some((row) => row.isWaiting) ? 'calls' : ''}>
      {sorted.map((row) => (
        <Promotion key={row.workflowId} promotion={row} me={me} />
      ))}
    </Card>
  );
}

function Promotion({ promotion, me }: { promotion: PromotionView; me: Me }) {
  const [decision, decide] = useState<Decision>();
  const { strategy, stage, policy, isWaiting, approvers, approvalsNeeded, failedGates } = promotion;
  const mayDecide = isWaiting && (me.role === 'approver' || me.role === 'admin');
  const hasApproved = approvers.includes(me.name);
  return (
    <article className="promotion">
      <p>
        <strong>{strategy || promotion.workflowId}</strong> <span className={`tag stage-${stage}`}>{stage}</span>
        {policy && <span className="muted"> policy {policy}</span>}
      </p>
      {isWaiting && (
        <p>
          Waits for {approvalsNeeded} {approvalsNeeded === 1 ? 'person' : 'people'}
          {approvers.length > 0 && <>; approved by {approvers.join(', ')}</>}
        </p>
      )}
      {failedGates.length > 0 && <p className="down">Failed gates: {failedGates.map((gate) => words(gate.split(':')[0]!)).join(', ')}</p>}
      {mayDecide && (
        <div className="buttons">
          <button type="button" className="primary" disabled={hasApproved} onClick={() => decide('approve')}>
            {hasApproved ? 'You approved' : 'Approve…'}
          </button>
          <button type="button" onClick={() => decide('reject')}>
            Reject…
          </button>
        </div>
      )}
      {decision && <DecisionDialog promotion={promotion} decision={decision} onClose={() => decide(undefined)} />}
    </article>
  );
}

function DecisionDialog({ promotion, decision, onClose }: { promotion: PromotionView; decision: Decision; onClose: () => void }) {
  // What was looked at is what is signed: a pack that is exchanged meanwhile has another hash, and the workflow refuses it.
  const [evidenceHash] = useState(promotion.evidenceHash);
  const send = useMutation({
    mutationFn: (form: FormData) =>
      api.decide(promotion.workflowId, { decision, evidenceHash, note: String(form.get('note')), code: String(form.get('code')) }),
    onSuccess: onClose,
  });
  const verb = decision === 'approve' ? 'Approve' : 'Reject';
  return (
    <Dialog title={`${verb} ${promotion.strategy}`} onClose={onClose}>
      <Evidence workflowId={promotion.workflowId} evidenceHash={evidenceHash} />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send.mutate(new FormData(event.currentTarget));
        }}
      >
        <label>
          Note
          <textarea name="note" rows={2} maxLength={1000} required={decision === 'reject'} placeholder={decision === 'reject' ? 'Why not' : 'Optional'} />
        </label>
        <CodeField />
        <Problem error={send.error} />
        <div className="buttons">
          <button type="submit" className={decision === 'approve' ? 'primary' : 'danger'} disabled={send.isPending}>
            {send.isPending ? 'Sending…' : verb}
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** What of an evidence pack is shown; the pack itself holds more and is named by its hash. */
interface EvidencePack {
  readonly gates?: { readonly gates?: ReadonlyArray<{ measure: string; wanted: string; measured: number | null; passed: boolean }>; readonly trials?: number };
  readonly paper?: { readonly fills?: number; readonly profitQuote?: number };
}

function Evidence({ workflowId, evidenceHash }: { workflowId: string; evidenceHash: string }) {
  const evidence = useQuery({ queryKey: ['evidence', workflowId, evidenceHash], queryFn: () => api.evidence(workflowId), gcTime: 0 });
  const pack = evidence.data as EvidencePack | undefined;
  return (
    <>
      <Problem error={evidence.error} />
      {evidence.isPending && <Empty>Reading the evidence…</Empty>}
      {pack?.gates?.gates && (
        <table>
          <thead>
            <tr>
              <th scope="col">Gate</th>
              <th scope="col" className="number">
                Measured
              </th>
              <th scope="col">Wanted</th>
            </tr>
          </thead>
          <tbody>
            {pack.gates.gates.map((gate) => (
              <tr key={gate.measure}>
                <td>{words(gate.measure)}</td>
                <td className={`number ${gate.passed ? 'up' : 'down'}`}>{gate.measured === null ? 'not measured' : Number(gate.measured.toPrecision(4))}</td>
                <td>{gate.wanted}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {pack?.paper && (
        <p>
          On paper: {pack.paper.fills} fills, {formatChange(pack.paper.profitQuote ?? 0)}. Trials ever made of the family: {pack.gates?.trials ?? 'unknown'}.
        </p>
      )}
      <p className="hash" title="Hash of the evidence you sign">
        {evidenceHash}
      </p>
    </>
  );
}
