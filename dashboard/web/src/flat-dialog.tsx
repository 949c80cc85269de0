import { useMutation } from '@tanstack/react-query';
import type { FlatResult } from '../../../schemas/http.ts';
import { api } from './api.ts';
import { CodeField, Dialog, Problem } from './parts.tsx';

/** FLAT ALL: says what it will do, wants the word and a code, and tells what was done and what was not. */
export function FlatDialog({ onClose }: { onClose: () => void }) {
  const flat = useMutation({ mutationFn: (form: FormData) => api.flat(String(form.get('code'))) });
  return (
    <Dialog title="FLAT ALL" onClose={onClose}>
      {flat.data ? (
        <>
          <ul className="results" role="status">
            {flat.data.map((result) => (
              <li key={result.account}>
                <strong>{result.account}</strong> {result.halted ? 'is halted.' : 'could not be halted!'} {outcome(result)}
              </li>
            ))}
          </ul>
          <div className="buttons">
            <button type="button" className="primary" onClick={onClose}>
              Close
            </button>
          </div>
        </>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            flat.mutate(new FormData(event.currentTarget));
          }}
        >
          <p>Halts every account at once, cancels its orders and closes its positions at the market. Trading stays halted until an approver resumes it.</p>
          <label>
            Type FLAT to confirm
            <input name="confirm" pattern="FLAT" autoComplete="off" autoCapitalize="characters" spellCheck={false} placeholder="FLAT" required />
          </label>
          <CodeField />
          <Problem error={flat.error} />
          <div className="buttons">
            <button type="submit" className="danger" disabled={flat.isPending}>
              {flat.isPending ? 'Halting…' : 'Halt and flatten all'}
            </button>
            <button type="button" onClick={onClose}>
              Cancel
            </button>
          </div>
        </form>
      )}
    </Dialog>
  );
}

function outcome({ flatten }: FlatResult): string {
  if (flatten.way === 'none') return `Positions are NOT being closed: ${flatten.reason}. Run \`touchstone flat\`.`;
  return flatten.way === 'workflow' ? `Closing: workflow ${flatten.id}.` : `Temporal does not answer, so process ${flatten.id} closes the positions.`;
}

export function ResumeDialog({ account, onClose }: { account: string; onClose: () => void }) {
  const resume = useMutation({
    mutationFn: (form: FormData) => api.resume(account, String(form.get('reason')), String(form.get('code'))),
    onSuccess: onClose,
  });
  return (
    <Dialog title={`Resume ${account}`} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          resume.mutate(new FormData(event.currentTarget));
        }}
      >
        <p>Strategies may open positions again.</p>
        <label>
          Reason
          <input name="reason" minLength={3} maxLength={300} autoComplete="off" required />
        </label>
        <CodeField />
        <Problem error={resume.error} />
        <div className="buttons">
          <button type="submit" className="primary" disabled={resume.isPending}>
            Resume trading
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}
