// Holds app manifests to the types that Slack publishes for them in @slack/web-api, by TypeScript's own compiler: a key that a manifest does not
// have, a value of another type, and a scope or event that Slack does not know are errors.
//
//     manifest_types.cjs < MANIFESTS (a JSON array)

const fs = require('node:fs');
const path = require('node:path');
const ts = require('typescript');

const SDK = path.dirname(require.resolve('@slack/web-api/package.json'));
// Beside the modules, from where the compiler finds them.
const FILE = path.join(SDK, '..', '..', 'manifest_to_check.ts');

function faults(manifest) {
  const source = `import type { Manifest } from '@slack/web-api/dist/types/request/manifest';
type Known = { [Key in keyof Manifest as string extends Key ? never : Key]: Manifest[Key] };
export const manifest: Known = ${JSON.stringify(manifest, null, 2)};
`;
  const options = { strict: true, noEmit: true, skipLibCheck: true, types: [] };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === FILE || fileExists(name);
  host.getSourceFile = (name, ...rest) => (name === FILE ? ts.createSourceFile(name, source, ...rest) : getSourceFile(name, ...rest));
  const found = ts.getPreEmitDiagnostics(ts.createProgram([FILE], options, host));
  return found.map((fault) => ts.flattenDiagnosticMessageText(fault.messageText, '\n'));
}

function mustRefuse(manifest, change) {
  const changed = structuredClone(manifest);
  change(changed);
  if (faults(changed).length === 0) throw new Error(`not noticed: ${change}`);
}

const manifests = JSON.parse(fs.readFileSync(0, 'utf8'));
for (const manifest of manifests) {
  const found = faults(manifest);
  if (found.length > 0) throw new Error(found.join('\n'));
  console.log(`${manifest.display_information.name}: sound, with ${manifest.oauth_config.scopes.bot.length} scopes`);
  // What keeps silent about everything shows nothing.
  mustRefuse(manifest, (it) => { it.settngs = {}; });
  mustRefuse(manifest, (it) => { it.features.slash_commands[0].usage = 'x'; });
  mustRefuse(manifest, (it) => { delete it.features.slash_commands[0].description; });
  mustRefuse(manifest, (it) => { it.oauth_config.scopes.bot.push('chat:wirte'); });
  mustRefuse(manifest, (it) => { it.settings.event_subscriptions.bot_events.push('app_home_open'); });
}
