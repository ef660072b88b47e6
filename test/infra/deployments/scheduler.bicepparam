using '../../../infra/main.bicep'

// What `azd up` makes when nothing but the region is said.
param environmentName = 'mooring-test'
param location = 'westeurope'
param catalog = loadYamlContent('../../../mooring.yaml')
