/** Messages, enums, fields and options of a .proto file. */
import { ProtoFault } from './proto-file.ts'
import type {
  ProtoEnum,
  ProtoEnumValue,
  ProtoExtend,
  ProtoField,
  ProtoFile,
  ProtoMessage,
  ProtoOption,
} from './proto-file.ts'
import type { ProtoTokens } from './proto-tokens.ts'

type Syntax = ProtoFile['syntax']
type Mutable<Type> = {
  -readonly [Key in keyof Type]: Type[Key] extends readonly (infer Item)[] ? Item[] : Type[Key]
}

/** After the word `message`. `depthLeft` messages may still stand in it. */
export function messageOf(tokens: ProtoTokens, syntax: Syntax, depthLeft: number): ProtoMessage {
  const { line } = tokens.next
  const name = tokens.word('the name of a message')
  return messageBody(tokens, name, syntax, depthLeft, false, line)
}

function messageBody(
  tokens: ProtoTokens,
  name: string,
  syntax: Syntax,
  depthLeft: number,
  isGroup: boolean,
  line: number,
): ProtoMessage {
  if (depthLeft === 0) throw new ProtoFault(line, `messages nest too deep`)
  const message: Mutable<ProtoMessage> = {
    name,
    fields: [],
    oneofs: [],
    messages: [],
    enums: [],
    extends: [],
    reserved: [],
    extensions: [],
    options: [],
    isGroup,
    line,
  }
  tokens.expect('{')
  while (!tokens.skip('}')) member(tokens, message, syntax, depthLeft)
  return message
}

/** Words that begin a member are names of types, too: `message.Foo x = 1`. */
function member(
  tokens: ProtoTokens,
  message: Mutable<ProtoMessage>,
  syntax: Syntax,
  depthLeft: number,
): void {
  if (tokens.skip(';')) return
  switch (tokens.next.text) {
    case 'message':
      tokens.take()
      message.messages.push(messageOf(tokens, syntax, depthLeft - 1))
      return
    case 'enum':
      tokens.take()
      message.enums.push(enumOf(tokens))
      return
    case 'option':
      tokens.take()
      message.options.push(optionOf(tokens))
      return
    case 'reserved':
      tokens.take()
      message.reserved.push(...rangesOf(tokens))
      return
    case 'extensions':
      tokens.take()
      message.extensions.push(...rangesOf(tokens))
      return
    case 'extend': {
      tokens.take()
      const { extend, groups } = extendOf(tokens, syntax, depthLeft - 1)
      message.extends.push(extend)
      message.messages.push(...groups)
      return
    }
    case 'oneof':
      tokens.take()
      oneofOf(tokens, message, syntax, depthLeft)
      return
    default: {
      const { field, group } = fieldOf(tokens, undefined, syntax, depthLeft)
      message.fields.push(field)
      if (group !== undefined) message.messages.push(group)
    }
  }
}

function oneofOf(
  tokens: ProtoTokens,
  message: Mutable<ProtoMessage>,
  syntax: Syntax,
  depthLeft: number,
): void {
  const { line } = tokens.next
  const name = tokens.word('the name of a oneof')
  const options: ProtoOption[] = []
  const before = message.fields.length
  tokens.expect('{')
  while (!tokens.skip('}')) {
    if (tokens.skip(';')) continue
    if (tokens.skip('option')) {
      options.push(optionOf(tokens))
      continue
    }
    const { field, group } = fieldOf(tokens, name, syntax, depthLeft)
    if (field.label !== undefined || field.mapKey !== undefined)
      throw new ProtoFault(
        field.line,
        `fields of a oneof have no label and are no map: ${field.name}`,
      )
    message.fields.push(field)
    if (group !== undefined) message.messages.push(group)
  }
  if (message.fields.length === before)
    throw new ProtoFault(line, `the oneof ${name} has no fields`)
  message.oneofs.push({ name, options })
}

const labels = ['optional', 'required', 'repeated'] as const

interface FieldAndGroup {
  readonly field: ProtoField
  readonly group: ProtoMessage | undefined
}

function fieldOf(
  tokens: ProtoTokens,
  oneof: string | undefined,
  syntax: Syntax,
  depthLeft: number,
): FieldAndGroup {
  const { line } = tokens.next
  const label = labels.find((each) => tokens.skip(each))
  if (tokens.next.text === 'group' && syntax === 'proto2')
    return groupOf(tokens, label, oneof, depthLeft, line)
  let type = tokens.name('a type')
  let mapKey: string | undefined
  if (type === 'map' && tokens.skip('<')) {
    mapKey = tokens.word('the type of the keys')
    tokens.expect(',')
    type = tokens.name('the type of the values')
    tokens.expect('>')
  }
  const name = tokens.word('the name of a field')
  tokens.expect('=')
  const number = tokens.integer('the number of a field')
  const options = listedOptions(tokens)
  tokens.expect(';')
  const field = { name, number, label, type, mapKey, oneof, isGroup: false, options, line }
  return { field, group: undefined }
}

/** A message and a field of it in one; its field is called as the message, in small letters. */
function groupOf(
  tokens: ProtoTokens,
  label: ProtoField['label'],
  oneof: string | undefined,
  depthLeft: number,
  line: number,
): FieldAndGroup {
  tokens.take()
  const type = tokens.word('the name of a group')
  tokens.expect('=')
  const number = tokens.integer('the number of a field')
  const options = listedOptions(tokens)
  const group = messageBody(tokens, type, 'proto2', depthLeft - 1, true, line)
  const name = type.toLowerCase()
  const field = {
    name,
    number,
    label,
    type,
    mapKey: undefined,
    oneof,
    isGroup: true,
    options,
    line,
  }
  return { field, group }
}

export function extendOf(
  tokens: ProtoTokens,
  syntax: Syntax,
  depthLeft: number,
): { readonly extend: ProtoExtend; readonly groups: readonly ProtoMessage[] } {
  const extendee = tokens.name('the name of a message')
  const fields: ProtoField[] = []
  const groups: ProtoMessage[] = []
  tokens.expect('{')
  while (!tokens.skip('}')) {
    if (tokens.skip(';')) continue
    const { field, group } = fieldOf(tokens, undefined, syntax, depthLeft)
    fields.push(field)
    if (group !== undefined) groups.push(group)
  }
  const extend: ProtoExtend = { extendee, fields }
  return { extend, groups }
}

export function enumOf(tokens: ProtoTokens): ProtoEnum {
  const { line } = tokens.next
  const name = tokens.word('the name of an enum')
  const values: ProtoEnumValue[] = []
  const options: ProtoOption[] = []
  const reserved: string[] = []
  tokens.expect('{')
  while (!tokens.skip('}')) {
    if (tokens.skip(';')) continue
    const word = tokens.word('the name of a value')
    if (word === 'option' && tokens.next.text !== '=') options.push(optionOf(tokens))
    else if (word === 'reserved' && tokens.next.text !== '=') reserved.push(...rangesOf(tokens))
    else {
      tokens.expect('=')
      const number = tokens.integer('the number of a value')
      values.push({ name: word, number, options: listedOptions(tokens) })
      tokens.expect(';')
    }
  }
  return { name, values, options, reserved, line }
}

/** `5, 7 to 9, 10 to max;` or `"a", "b";`, and names without quotes in editions. */
function rangesOf(tokens: ProtoTokens): readonly string[] {
  const ranges: string[] = []
  do {
    if (tokens.next.kind === 'string') ranges.push(tokens.string('a name'))
    else if (tokens.next.kind === 'word') ranges.push(JSON.stringify(tokens.word('a name')))
    else {
      const from = tokens.integer('a number')
      if (!tokens.skip('to')) ranges.push(String(from))
      else if (tokens.skip('max')) ranges.push(`${from} to max`)
      else ranges.push(`${from} to ${tokens.integer('a number')}`)
    }
  } while (tokens.skip(','))
  if (tokens.next.text === '[') listedOptions(tokens) // of extension ranges: they change nothing
  tokens.expect(';')
  return ranges
}

/** After the word `option`, to its end. */
export function optionOf(tokens: ProtoTokens): ProtoOption {
  const option = nameAndValue(tokens)
  tokens.expect(';')
  return option
}

function listedOptions(tokens: ProtoTokens): readonly ProtoOption[] {
  const options: ProtoOption[] = []
  if (!tokens.skip('[')) return options
  do options.push(nameAndValue(tokens))
  while (tokens.skip(','))
  tokens.expect(']')
  return options
}

function nameAndValue(tokens: ProtoTokens): ProtoOption {
  let name = ''
  do {
    if (name !== '') name += '.'
    if (tokens.skip('(')) {
      name += `(${tokens.name('the name of an option')})`
      tokens.expect(')')
    } else name += tokens.word('the name of an option')
  } while (tokens.skip('.'))
  tokens.expect('=')
  return { name, value: valueOf(tokens) }
}

/** The tokens of a value, with one way of spacing. */
function valueOf(tokens: ProtoTokens): string {
  if (tokens.next.kind === 'string') return tokens.string('a value')
  if (tokens.next.text !== '{') return signed(tokens)
  const parts: string[] = []
  let depth = 0
  do {
    const { kind, text } = tokens.next
    if (kind === 'end') return tokens.fail('expected the end of an option')
    if (['{', '[', '<'].includes(text)) depth++
    if (['}', ']', '>'].includes(text)) depth--
    parts.push(tokens.take().text)
  } while (depth > 0)
  return parts.join(' ')
}

function signed(tokens: ProtoTokens): string {
  const sign = tokens.skip('-') ? '-' : tokens.skip('+') ? '+' : ''
  const { kind } = tokens.next
  if (kind !== 'word' && kind !== 'number') tokens.fail('expected a value')
  return sign + tokens.take().text
}
