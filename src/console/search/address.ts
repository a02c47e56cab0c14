/** Addresses of the search page, for links from elsewhere. */
import { withQuery } from '../api.ts';
import { term } from './query-text.ts';

/** A search for one value, or for a ready query; over the last 30 days, since an alert may be older than the usual day. */
export function searchAddress(
  options: { readonly memberId?: string; readonly range?: string } & (
    | { readonly field: string; readonly value: string }
    | { readonly query: string }
  ),
): string {
  return withQuery('/search', {
    q: 'query' in options ? options.query : term(options.field, options.value),
    member: options.memberId,
    range: options.range ?? '30d',
  });
}
