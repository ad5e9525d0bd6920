// Source of the function behind Custom::EdgeVersions: inline code of CloudFormation, at most 4 KiB.
const { SSMClient, GetParametersCommand } = require('@aws-sdk/client-ssm');

exports.handler = async (event) => {
  const answer = {
    Status: 'SUCCESS',
    RequestId: event.RequestId,
    StackId: event.StackId,
    LogicalResourceId: event.LogicalResourceId,
    PhysicalResourceId: event.PhysicalResourceId ?? event.RequestId,
  };
  try {
    if (event.RequestType !== 'Delete') answer.Data = await read(event.ResourceProperties);
  } catch (error) {
    Object.assign(answer, { Status: 'FAILED', Reason: String(error) });
  }
  const response = await fetch(event.ResponseURL, { method: 'PUT', body: JSON.stringify(answer) });
  if (!response.ok) throw new Error(`CloudFormation answered ${response.status}`);
};

async function read({ Region, Parameters: Names }) {
  const client = new SSMClient({ region: Region });
  const { Parameters, InvalidParameters } = await client.send(new GetParametersCommand({ Names }));
  if (InvalidParameters?.length) throw new Error(`no such parameters in ${Region}: ${InvalidParameters}`);
  return Object.fromEntries(Parameters.map(({ Name, Value }) => [Name, Value]));
}
