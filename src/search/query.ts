/**
 * The search language's tree. Text -> tree is parse.ts, tree against an event is match.ts (the meaning of record),
 * tree -> index terms is terms.ts (which may only propose too much, never too little).
 */
export type Query =
  | { readonly op: 'and' | 'or'; readonly of: readonly Query[] }
  | { readonly op: 'not'; readonly of: Query }
  /** A word, a "phrase" or a wild*card in any value of the event. */
  | { readonly op: 'text'; readonly text: string; readonly wildcard: boolean }
  /** field:value. Wildcards where `wildcard`; `field:*` (text "*") asks that the field is there. */
  | { readonly op: 'field'; readonly field: string; readonly text: string; readonly wildcard: boolean }
  /** field:>=n and its kin, on numbers and on text in code unit order. */
  | { readonly op: 'range'; readonly field: string; readonly compare: '<' | '<=' | '>' | '>='; readonly value: string };
