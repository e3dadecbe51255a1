<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Setup\Patch\Data;

use Magento\Customer\Model\Customer;
use Magento\Customer\Model\ResourceModel\Attribute;
use Magento\Customer\Setup\CustomerSetupFactory;
use Magento\Framework\Indexer\IndexerRegistry;
use Magento\Framework\Setup\ModuleDataSetupInterface;
use Magento\Framework\Setup\Patch\DataPatchInterface;

/**
 * Points and tier leave the form of staff, where version 1.0.0 put them: AddCustomerAttributes runs once in a shop.
 */
class TakePointsOffForms implements DataPatchInterface
{
    private ModuleDataSetupInterface $moduleDataSetup;

    private CustomerSetupFactory $customerSetupFactory;

    private Attribute $attributes;

    private IndexerRegistry $indexers;

    /**
     * @param ModuleDataSetupInterface $moduleDataSetup
     * @param CustomerSetupFactory $customerSetupFactory
     * @param Attribute $attributes
     * @param IndexerRegistry $indexers
     */
    public function __construct(
        ModuleDataSetupInterface $moduleDataSetup,
        CustomerSetupFactory $customerSetupFactory,
        Attribute $attributes,
        IndexerRegistry $indexers
    ) {
        $this->moduleDataSetup = $moduleDataSetup;
        $this->customerSetupFactory = $customerSetupFactory;
        $this->attributes = $attributes;
        $this->indexers = $indexers;
    }

    /**
     * Take both off every form, and have the grid of customers made anew.
     *
     * @return $this
     */
    public function apply()
    {
        $config = $this->customerSetupFactory->create(['setup' => $this->moduleDataSetup])->getEavConfig();
        foreach ([AddCustomerAttributes::BALANCE, AddCustomerAttributes::TIER] as $code) {
            $attribute = $config->getAttribute(Customer::ENTITY, $code);
            // One that somebody deleted would be made anew by being saved, as something that Comeback cannot write.
            if ($attribute && $attribute->getId()) {
                $attribute->setData('used_in_forms', []);
                $this->attributes->save($attribute);
            }
        }
        // Version 1.0.0 left the table behind the grid without the columns.
        $this->indexers->get(Customer::CUSTOMER_GRID_INDEXER_ID)->invalidate();
        return $this;
    }

    /**
     * @inheritdoc
     */
    public static function getDependencies()
    {
        return [AddCustomerAttributes::class];
    }

    /**
     * @inheritdoc
     */
    public function getAliases()
    {
        return [];
    }
}
