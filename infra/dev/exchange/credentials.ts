/** Keys of the simulated account. Not a secret: the venue listens on 127.0.0.1 only, and its money is not money. */
export const DEMO_CREDENTIALS = { apiKey: 'touchstone-demo-key', apiSecret: 'touchstone-demo-secret' } as const;
