/** Loaded before a process's own code: its clock is a day ahead. */
const dayMs = 86_400_000;
const { Date: RealDate } = globalThis;

globalThis.Date = class extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(RealDate.now() + dayMs);
    else super(...given);
  }
  static now() {
    return RealDate.now() + dayMs;
  }
};
