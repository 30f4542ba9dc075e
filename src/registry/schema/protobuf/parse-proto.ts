/** Reads a .proto file: proto2, proto3 and editions. */
import { schemaDepthMax, schemaTextMax, tooLong } from '../exact-json.ts'
import { ProtoFault } from './proto-file.ts'
import type {
  ProtoExtend,
  ProtoFile,
  ProtoImport,
  ProtoOption,
  ProtoService,
} from './proto-file.ts'
import { enumOf, extendOf, messageOf, optionOf } from './parse-proto-types.ts'
import { ProtoTokens, unquoted } from './proto-tokens.ts'

/** @throws ProtoFault where the text is no .proto file. */
export function parseProto(text: string): ProtoFile {
  if (text.length > schemaTextMax) throw new ProtoFault(1, tooLong(text.length))
  const tokens = new ProtoTokens(text)
  const { syntax, edition } = syntaxOf(tokens)
  const imports: ProtoImport[] = []
  const options: ProtoOption[] = []
  const file = {
    syntax,
    edition,
    package: '',
    imports,
    options,
    messages: [] as ProtoFile['messages'][number][],
    enums: [] as ProtoFile['enums'][number][],
    extends: [] as ProtoExtend[],
    services: [] as ProtoService[],
  }
  while (tokens.next.kind !== 'end') {
    if (tokens.skip(';')) continue
    if (tokens.skip('package')) {
      file.package = tokens.name('the name of a package')
      tokens.expect(';')
    } else if (tokens.skip('import')) imports.push(importOf(tokens))
    else if (tokens.skip('option')) options.push(optionOf(tokens))
    else if (tokens.skip('message')) file.messages.push(messageOf(tokens, syntax, schemaDepthMax))
    else if (tokens.skip('enum')) file.enums.push(enumOf(tokens))
    else if (tokens.skip('extend')) {
      const { extend, groups } = extendOf(tokens, syntax, schemaDepthMax)
      file.extends.push(extend)
      file.messages.push(...groups)
    } else if (tokens.skip('service')) file.services.push(serviceOf(tokens))
    else tokens.fail('expected message, enum, import, option, extend, service or package')
  }
  return file
}

function syntaxOf(tokens: ProtoTokens): Pick<ProtoFile, 'syntax' | 'edition'> {
  const isEdition = tokens.next.text === 'edition'
  if (!isEdition && tokens.next.text !== 'syntax') return { syntax: 'proto2', edition: undefined }
  tokens.take()
  tokens.expect('=')
  const { line } = tokens.next
  const named = unquoted(tokens.string('proto2, proto3 or an edition'))
  tokens.expect(';')
  if (isEdition) return { syntax: 'editions', edition: named }
  if (named !== 'proto2' && named !== 'proto3')
    throw new ProtoFault(line, `the syntax is proto2 or proto3, not ${named}`)
  return { syntax: named, edition: undefined }
}

function importOf(tokens: ProtoTokens): ProtoImport {
  const kind = tokens.skip('public') ? 'public' : tokens.skip('weak') ? 'weak' : undefined
  const path = unquoted(tokens.string('the path of an import'))
  tokens.expect(';')
  return { path, kind }
}

function serviceOf(tokens: ProtoTokens): ProtoService {
  const name = tokens.word('the name of a service')
  const options: ProtoOption[] = []
  const methods: ProtoService['methods'][number][] = []
  tokens.expect('{')
  while (!tokens.skip('}')) {
    if (tokens.skip(';')) continue
    if (tokens.skip('option')) options.push(optionOf(tokens))
    else {
      tokens.expect('rpc')
      methods.push(methodOf(tokens))
    }
  }
  return { name, options, methods }
}

function methodOf(tokens: ProtoTokens): ProtoService['methods'][number] {
  const name = tokens.word('the name of a method')
  const [input, inputStreams] = typeOf(tokens)
  tokens.expect('returns')
  const [output, outputStreams] = typeOf(tokens)
  const options: ProtoOption[] = []
  if (tokens.skip('{')) {
    while (!tokens.skip('}')) {
      if (tokens.skip(';')) continue
      tokens.expect('option')
      options.push(optionOf(tokens))
    }
  } else tokens.expect(';')
  return { name, input, inputStreams, output, outputStreams, options }
}

function typeOf(tokens: ProtoTokens): readonly [string, boolean] {
  tokens.expect('(')
  let streams = tokens.next.text === 'stream'
  let name = tokens.name('the name of a message')
  // A message may be called stream, too.
  if (streams && tokens.next.text !== ')') name = tokens.name('the name of a message')
  else streams = false
  tokens.expect(')')
  return [name, streams]
}
