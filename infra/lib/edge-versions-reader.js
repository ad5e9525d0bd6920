// Source of the function for Custom::EdgeVersions. CloudFormation limits inline code to 4 KiB.
const { SSMClient, GetParametersCommand } = require('@aws-sdk/client-ssm');

exports.handler = async (event) => {
  const result = {
    Status: 'SUCCESS',
    RequestId: event.RequestId,
    StackId: event.StackId,
    LogicalResourceId: event.LogicalResourceId,
    PhysicalResourceId: event.PhysicalResourceId ?? event.RequestId,
  };
  try {
    if (event.RequestType !== 'Delete') result.Data = await read(event.ResourceProperties);
  } catch (error) {
    Object.assign(result, { Status: 'FAILED', Reason: String(error) });
  }
  const response = await fetch(event.ResponseURL, { method: 'PUT', body: JSON.stringify(result) });
  if (!response.ok) throw new Error(`CloudFormation rejected the result: status ${response.status}`);
};

async function read({ Region, Parameters: Names }) {
  const client = new SSMClient({ region: Region });
  const { Parameters, InvalidParameters } = await client.send(new GetParametersCommand({ Names }));
  if (InvalidParameters?.length)
    throw new Error(`SSM parameters not found in ${Region}: ${InvalidParameters}`);
  return Object.fromEntries(Parameters.map(({ Name, Value }) => [Name, Value]));
}
