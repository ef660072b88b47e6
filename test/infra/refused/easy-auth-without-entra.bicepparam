using '../../../infra/main.bicep'

param environmentName = 'mooring-test'
param location = 'westeurope'
param catalog = { clusters: {}, sqlServers: {}, auth: { easyAuth: true } }
