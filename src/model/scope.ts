/**
 * Whose data a reader may see. Every read of the store takes one, so that a read that forgot to ask cannot be written.
 * Only api/auth.ts makes scopes for people and keys; stages of the center itself use CENTER_SCOPE.
 */
export type Scope = { readonly members: 'all' } | { readonly members: readonly string[] };

/** For the center's own stages (correlator, ledger), never for answering a request. */
export const CENTER_SCOPE: Scope = { members: 'all' };
