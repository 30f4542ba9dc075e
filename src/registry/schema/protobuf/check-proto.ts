/** What is well-formed and still wrong: numbers used twice, labels that a syntax does not have. */
import { fieldNumberMax, ProtoFault, protoScalars } from './proto-file.ts'
import type { ProtoEnum, ProtoField, ProtoFile, ProtoMessage } from './proto-file.ts'

/** Kept for implementations of the format. */
const ownNumbers = { from: 19_000, to: 19_999 }
/** What has no exact equality, or no text, is no key of a map. */
const neverKeys: readonly string[] = ['double', 'float', 'bytes']
const keyTypes: ReadonlySet<string> = new Set(
  protoScalars.filter((each) => !neverKeys.includes(each)),
)

/** @throws ProtoFault */
export function checkProto(file: ProtoFile): void {
  unique(file.messages, file.enums)
  for (const message of file.messages) checkMessage(message, file)
  for (const each of file.enums) checkEnum(each, file)
}

function unique(messages: readonly ProtoMessage[], enums: readonly ProtoEnum[]): void {
  const seen = new Set<string>()
  for (const { name, line } of [...messages, ...enums]) {
    if (seen.has(name)) throw new ProtoFault(line, `${name} is defined twice`)
    seen.add(name)
  }
}

function checkMessage(message: ProtoMessage, file: ProtoFile): void {
  unique(message.messages, message.enums)
  const numbers = new Map<number, string>()
  const names = new Set<string>()
  for (const field of message.fields) {
    checkField(field, message, file)
    const other = numbers.get(field.number)
    if (other !== undefined)
      throw new ProtoFault(
        field.line,
        `${message.name} has the number ${field.number} twice: ${other} and ${field.name}`,
      )
    if (names.has(field.name))
      throw new ProtoFault(field.line, `${message.name} has the field ${field.name} twice`)
    numbers.set(field.number, field.name)
    names.add(field.name)
  }
  for (const inner of message.messages) checkMessage(inner, file)
  for (const each of message.enums) checkEnum(each, file)
}

function checkField(field: ProtoField, message: ProtoMessage, file: ProtoFile): void {
  const { number, name, line } = field
  if (number < 1 || number > fieldNumberMax)
    throw new ProtoFault(
      line,
      `${name} has the number ${number}: numbers are 1 to ${fieldNumberMax}`,
    )
  if (number >= ownNumbers.from && number <= ownNumbers.to)
    throw new ProtoFault(
      line,
      `${name} has the number ${number}, which is kept for Protobuf itself`,
    )
  if (message.reserved.some((range) => covers(range, field)))
    throw new ProtoFault(line, `${name} = ${number} is reserved in ${message.name}`)
  if (field.label === 'required' && file.syntax !== 'proto2')
    throw new ProtoFault(line, `${name} is required, which only proto2 has`)
  if (field.label === 'optional' && file.syntax === 'editions')
    throw new ProtoFault(
      line,
      `${name} is optional, which editions say with features.field_presence`,
    )
  if (field.label === undefined && file.syntax === 'proto2' && !isUnlabelled(field))
    throw new ProtoFault(line, `${name} needs a label: optional, required or repeated`)
  if (field.mapKey !== undefined && (!keyTypes.has(field.mapKey) || field.label !== undefined))
    throw new ProtoFault(
      line,
      `${name} is a map: its keys are whole numbers, bool or string, and it has no label`,
    )
}

const isUnlabelled = (field: ProtoField): boolean =>
  field.oneof !== undefined || field.mapKey !== undefined

function covers(range: string, field: ProtoField): boolean {
  if (range.startsWith('"')) return range.slice(1, -1) === field.name
  const [from = '', to = from] = range.split(' to ')
  return field.number >= Number(from) && (to === 'max' || field.number <= Number(to))
}

function checkEnum(of: ProtoEnum, file: ProtoFile): void {
  const [first] = of.values
  if (first === undefined) throw new ProtoFault(of.line, `the enum ${of.name} has no values`)
  if (file.syntax === 'proto3' && first.number !== 0)
    throw new ProtoFault(of.line, `the first value of ${of.name} must be 0 in proto3`)
  const aliased = of.options.some(({ name, value }) => name === 'allow_alias' && value === 'true')
  const numbers = new Set<number>()
  const names = new Set<string>()
  for (const { name, number } of of.values) {
    if (names.has(name) || (numbers.has(number) && !aliased))
      throw new ProtoFault(of.line, `${of.name} has ${names.has(name) ? name : number} twice`)
    if (number < -(2 ** 31) || number >= 2 ** 31)
      throw new ProtoFault(of.line, `${name} of ${of.name} does not fit 32 bits`)
    numbers.add(number)
    names.add(name)
  }
}
