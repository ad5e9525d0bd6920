// Source of the function that an alarm about cost invokes. CloudFormation limits inline code to 4 KiB.
const { LambdaClient, PutFunctionConcurrencyCommand } = require('@aws-sdk/client-lambda');

exports.handler = async () => {
  const FunctionName = process.env.FUNCTION;
  // Without concurrency, Lambda rejects every invocation.
  const command = new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 });
  await new LambdaClient({}).send(command);
  console.log(JSON.stringify({ message: 'stopped', function: FunctionName, resume: 'npm run resume' }));
};
