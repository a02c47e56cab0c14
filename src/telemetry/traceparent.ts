/** The header `traceparent` of W3C Trace Context (level 1, section 3.2). `tracestate` is neither read nor kept. */

export interface TraceParent {
  /** 32 digits of lower-case hex, not all zero. */
  readonly traceId: string;
  /** 16 of them. */
  readonly spanId: string;
  readonly sampled: boolean;
}

/** Longer ones, of a version that is not written yet, are not looked at. */
const MAX_LENGTH = 256;
const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Undefined for everything that is not exactly the form: then a trace begins anew. A later version is read as far as this one goes. */
export function parseTraceparent(text: string): TraceParent | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const found = form.exec(text);
  if (found === null) return undefined;
  const [, version, traceId, spanId, flags, more] = found as unknown as [
    string,
    string,
    string,
    string,
    string,
    string?,
  ];
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Of a span that is traced. */
export const formatTraceparent = (traceId: string, spanId: string): string => `00-${traceId}-${spanId}-01`;
