/** A case that is not there, or not the reader's: the two look the same on purpose. */
import { Link } from '../location.tsx';
import { Empty } from '../parts/notice.tsx';
import { useText } from '../session.tsx';

export function CaseMissing() {
  const text = useText();
  return (
    <Empty title={text.incidents.notFound} hint={text.incidents.notFoundHint}>
      <Link href="/incidents">{text.incidents.back}</Link>
    </Empty>
  );
}
