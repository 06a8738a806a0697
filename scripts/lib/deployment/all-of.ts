/** Work side by side that is over when it is over: nothing goes on after an error. */

/** What `does` returns for each item, in their order. Where some fail, throws the first error, but only once all have ended. */
export async function allOf<T, R>(items: readonly T[], does: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results = await Promise.allSettled(items.map(does))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return results.map((result) => (result as PromiseFulfilledResult<R>).value)
}
