/** One at a time, in the order of asking. */

export class Mutex {
  #tail: Promise<void> = Promise.resolve()

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    const before = this.#tail
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#tail = promise
    await before
    try {
      return await work()
    } finally {
      resolve()
    }
  }
}
