/** Holds what came as JSON to a shape, and says where it does not fit. */
import { registryErrors } from '../registry-error.ts'

/** Reads a value; `at` is where it stands in the request. @throws RegistryError 422 */
export type Shape<Value> = (value: unknown, at: string) => Value

function wrong(at: string, wanted: string, value: unknown): never {
  const got = value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value
  throw registryErrors.invalidRequest(
    `${at === '' ? 'the body' : at} must be ${wanted}, not ${got}`,
  )
}

export const text: Shape<string> = (value, at) =>
  typeof value === 'string' ? value : wrong(at, 'text', value)

export const flag: Shape<boolean> = (value, at) =>
  typeof value === 'boolean' ? value : wrong(at, 'true or false', value)

export const integer: Shape<number> = (value, at) =>
  Number.isSafeInteger(value) ? (value as number) : wrong(at, 'an integer', value)

/** Null and absent alike. */
export const optional =
  <Value>(shape: Shape<Value>): Shape<Value | undefined> =>
  (value, at) =>
    value === undefined || value === null ? undefined : shape(value, at)

export const listOf =
  <Value>(shape: Shape<Value>): Shape<Value[]> =>
  (value, at) =>
    Array.isArray(value)
      ? value.map((each, index) => shape(each, `${at}[${index}]`))
      : wrong(at, 'a list', value)

/** A list, or one for itself; absent is empty. */
export const listOrNone =
  <Value>(shape: Shape<Value>): Shape<Value[]> =>
  (value, at) =>
    optional(listOf(shape))(value, at) ?? []

function entriesOf(value: unknown, at: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return wrong(at, 'an object', value)
  }
  return Object.entries(value)
}

export const mapOf =
  <Value>(shape: Shape<Value>): Shape<Record<string, Value>> =>
  (value, at) =>
    Object.fromEntries(
      entriesOf(value, at).map(([name, each]) => [name, shape(each, `${at}.${name}`)]),
    )

/** Names that are not listed are left out: newer clients send more. Undefined values, too. */
export const objectOf =
  <Fields extends Readonly<Record<string, Shape<unknown>>>>(
    fields: Fields,
  ): Shape<{ [Name in keyof Fields]: ReturnType<Fields[Name]> }> =>
  (value, at) => {
    const given = new Map(entriesOf(value, at))
    const read = Object.entries(fields).map(([name, shape]): [string, unknown] => [
      name,
      shape(given.get(name), at === '' ? name : `${at}.${name}`),
    ])
    const known = read.filter(([, each]) => each !== undefined)
    return Object.fromEntries(known) as { [Name in keyof Fields]: ReturnType<Fields[Name]> }
  }

export const oneOf =
  <Value extends string>(...values: readonly Value[]): Shape<Value> =>
  (value, at) =>
    values.find((each) => each === value) ?? wrong(at, `one of ${values.join(', ')}`, value)
