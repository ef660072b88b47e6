using 'main.bicep'

param name = readEnvironmentVariable('SAMPLE_NAME', 'mooring-sample')
param location = readEnvironmentVariable('AZURE_LOCATION')
// az ad group show --group <name> --query id
param sqlAdministrator = {
  objectId: readEnvironmentVariable('SAMPLE_ADMIN_OBJECT_ID')
  login: readEnvironmentVariable('SAMPLE_ADMIN_NAME')
  type: 'Group'
}
param clusterAdministratorGroups = [readEnvironmentVariable('SAMPLE_ADMIN_OBJECT_ID')]
param podIdentity = bool(readEnvironmentVariable('SAMPLE_POD_IDENTITY', 'false'))
