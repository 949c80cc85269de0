import { useMutation } from '@tanstack/react-query';
import type { Me } from '../../../schemas/http.ts';
import { api } from './api.ts';
import { Brand, Problem } from './parts.tsx';

export function SignIn({ isReachable, onSignedIn }: { isReachable: boolean; onSignedIn: (me: Me) => void }) {
  const signIn = useMutation({ mutationFn: (form: FormData) => api.signIn(String(form.get('name')), String(form.get('password'))), onSuccess: onSignedIn });
  return (
    <main className="sign-in">
      <form className="card" onSubmit={submit(signIn.mutate)}>
        <Brand />
        <label>
          Name
          <input name="name" autoComplete="username" autoCapitalize="none" spellCheck={false} required />
        </label>
        <label>
          Password
          <input name="password" type="password" autoComplete="current-password" required />
        </label>
        <Problem error={isReachable ? signIn.error : new Error('the server does not answer')} />
        <button type="submit" className="primary" disabled={signIn.isPending}>
          {signIn.isPending ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
    </main>
  );
}

function submit(send: (form: FormData) => void) {
  return (event: React.FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    send(new FormData(event.currentTarget));
  };
}
