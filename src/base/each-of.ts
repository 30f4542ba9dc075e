/** Works through a row of things, a few at once. */

/**
 * Calls `work` for each, at most `together` of them at a time, in their order. The first failure
 * ends it, once what is under way has ended.
 *
 * @throws what `work` or the row throws.
 */
export async function eachOf<Thing>(
  things: Iterable<Thing> | AsyncIterable<Thing>,
  together: number,
  work: (thing: Thing) => Promise<void>,
): Promise<void> {
  const underWay = new Set<Promise<void>>()
  let failed: { readonly error: unknown } | undefined
  for await (const thing of things) {
    while (underWay.size >= together) await Promise.race(underWay)
    if (failed !== undefined) break
    const working = work(thing)
      .catch((error: unknown) => {
        failed ??= { error }
      })
      .finally(() => underWay.delete(working))
    underWay.add(working)
  }
  await Promise.all(underWay)
  if (failed !== undefined) throw failed.error
}
