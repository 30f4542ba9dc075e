/**
 * Preloaded (`--import …/shifted-clock.ts?ms=600000`): a process whose wall clock is wrong by so
 * much. Timers and the monotonic clock go as ever, as on a machine whose time was never set.
 */
const shiftMs = Number(new URL(import.meta.url).searchParams.get('ms'))
const RealDate = Date

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given: unknown[], made) =>
    Reflect.construct(
      target,
      given.length === 0 ? [target.now() + shiftMs] : given,
      made,
    ) as object,
  get: (target, name) =>
    name === 'now' ? () => target.now() + shiftMs : (Reflect.get(target, name) as unknown),
})
