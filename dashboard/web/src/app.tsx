import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { ApiError, api } from './api.ts';
import { Desk } from './desk.tsx';
import { Live } from './live.ts';
import { SignIn } from './sign-in.tsx';

/** Who looks decides what is shown: the sign-in page, or the desk. */
export function App() {
  const queries = useQueryClient();
  const me = useQuery({ queryKey: ['me'], queryFn: api.me, staleTime: Number.POSITIVE_INFINITY });
  const name = me.data?.name;
  const live = useMemo(() => (name === undefined ? undefined : new Live()), [name]);
  useEffect(() => live?.connect(() => void queries.resetQueries()), [live, queries]);

  if (me.isPending) return null;
  if (me.data && live) return <Desk me={me.data} live={live} onSignedOut={() => void queries.resetQueries()} />;
  const isReachable = !me.error || (me.error instanceof ApiError && me.error.code !== 'UNREACHABLE');
  return <SignIn isReachable={isReachable} onSignedIn={(signedIn) => queries.setQueryData(['me'], signedIn)} />;
}
