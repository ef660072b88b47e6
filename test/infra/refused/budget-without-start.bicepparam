using '../../../infra/main.bicep'

param environmentName = 'mooring-test'
param location = 'westeurope'
param catalog = loadYamlContent('../deployments/catalog.yaml')
param budgetAmount = 200
param budgetContactEmails = ['platform@example.com']
