/** A request over a socket, of whose fields nothing is known yet. */
export interface SocketRequest {
  readonly id?: unknown;
  readonly method: string;
  readonly params: unknown;
}

/** Undefined when the text is not a JSON object: what comes over a socket must not bring the venue down. */
export function parseSocketRequest(text: string): SocketRequest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { id, method, params } = value as Record<string, unknown>;
  return { id, method: typeof method === 'string' ? method : '', params };
}
