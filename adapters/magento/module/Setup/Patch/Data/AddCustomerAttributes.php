<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Setup\Patch\Data;

use Comeback\Loyalty\Model\Condition;
use Magento\Customer\Api\CustomerMetadataInterface;
use Magento\Customer\Model\Customer;
use Magento\Customer\Model\ResourceModel\Attribute;
use Magento\Customer\Setup\CustomerSetup;
use Magento\Customer\Setup\CustomerSetupFactory;
use Magento\Framework\Indexer\IndexerRegistry;
use Magento\Framework\Setup\ModuleDataSetupInterface;
use Magento\Framework\Setup\Patch\DataPatchInterface;
use Magento\Framework\Setup\Patch\PatchRevertableInterface;

/**
 * The customer attributes that Comeback writes over REST: seen by the shop's staff, on no shopper's form.
 */
class AddCustomerAttributes implements DataPatchInterface, PatchRevertableInterface
{
    public const TAGS = 'comeback_tags';
    public const BALANCE = 'comeback_balance';
    public const TIER = 'comeback_tier';

    private const ALL = [
        // Of what takes several lines Magento's grid of customers makes no filter, and lets nobody edit it there.
        self::TAGS => ['type' => 'text', 'input' => 'textarea', 'label' => 'Comeback Tags', 'position' => 910],
        self::BALANCE => ['type' => 'int', 'input' => 'text', 'label' => 'Comeback Points', 'position' => 920],
        self::TIER => ['type' => 'varchar', 'input' => 'text', 'label' => 'Comeback Tier', 'position' => 930]
    ];

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
     * Add the attributes.
     *
     * @return $this
     */
    public function apply()
    {
        $setup = $this->setup();
        $set = CustomerMetadataInterface::ATTRIBUTE_SET_ID_CUSTOMER;
        $group = $setup->getDefaultAttributeGroupId(Customer::ENTITY, $set);
        foreach (self::ALL as $code => $own) {
            $setup->addAttribute(
                Customer::ENTITY,
                $code,
                $own + [
                    'required' => false,
                    'visible' => true,
                    // REST names an attribute among custom_attributes only if it is no system attribute.
                    'system' => false,
                    'user_defined' => true,
                    'is_used_in_grid' => true,
                    'is_visible_in_grid' => true,
                    'is_filterable_in_grid' => true,
                    // MySQL searches sixteen columns at most, and Magento's own are nearly as many: with one too many
                    // the grid cannot be made at all.
                    'is_searchable_in_grid' => false
                ]
            );
            // One that is user defined is in no attribute set by itself, and outside of one REST does not know it.
            $setup->addAttributeToSet(Customer::ENTITY, $set, $group, $code);
        }
        // Staff may write tags of their own beside Comeback's. A form that was opened before Comeback wrote points or
        // a tier would put the old ones back when it is saved: these are on none.
        $tags = $setup->getEavConfig()->getAttribute(Customer::ENTITY, self::TAGS);
        $tags->setData('used_in_forms', ['adminhtml_customer']);
        $this->attributes->save($tags);
        // The table behind the grid of customers lacks the new columns, and whoever is saved until it is made anew
        // would drop out of the grid.
        $this->indexers->get(Customer::CUSTOMER_GRID_INDEXER_ID)->invalidate();
        return $this;
    }

    /**
     * Take the attributes away again, with what stands in them, and the settings; the table goes with the module.
     *
     * @return void
     */
    public function revert()
    {
        $setup = $this->setup();
        foreach (array_keys(self::ALL) as $code) {
            $setup->removeAttribute(Customer::ENTITY, $code);
        }
        $connection = $this->moduleDataSetup->getConnection();
        $settings = $this->moduleDataSetup->getTable('core_config_data');
        $connection->delete($settings, ['path LIKE ?' => 'comeback\\_loyalty/%']);
        $connection->delete($this->moduleDataSetup->getTable('flag'), ['flag_code = ?' => Condition::FLAG]);
    }

    /**
     * @inheritdoc
     */
    public static function getDependencies()
    {
        return [];
    }

    /**
     * @inheritdoc
     */
    public function getAliases()
    {
        return [];
    }

    /**
     * @return CustomerSetup
     */
    private function setup(): CustomerSetup
    {
        return $this->customerSetupFactory->create(['setup' => $this->moduleDataSetup]);
    }
}
