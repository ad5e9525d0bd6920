import { Annotations, App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { artifacts } from '../lib/artifacts.ts';
import { warnings } from '../lib/config.ts';
import { loadConfig } from '../lib/load-config.ts';
import { addStacks } from '../lib/stacks.ts';

const app = new App();
const config = loadConfig(app.node.tryGetContext('config') as string | undefined);

addStacks(
  app,
  { ...config, account: config.account ?? process.env.CDK_DEFAULT_ACCOUNT },
  artifacts(app.node),
);
for (const [index, warning] of warnings(config).entries()) {
  for (const stack of app.node.children) Annotations.of(stack).addWarningV2(`safelight:${index}`, warning);
}
// A cdk-nag finding that is not acknowledged with a reason stops the deployment.
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
app.synth();
