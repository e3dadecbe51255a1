<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Test\Unit\Setup;

use Comeback\Loyalty\Setup\Patch\Data\AddCustomerAttributes;
use Comeback\Loyalty\Setup\Patch\Data\TakePointsOffForms;
use Magento\Customer\Model\ResourceModel\Attribute;
use Magento\Customer\Setup\CustomerSetup;
use Magento\Customer\Setup\CustomerSetupFactory;
use Magento\Framework\Indexer\IndexerInterface;
use Magento\Framework\Indexer\IndexerRegistry;
use Magento\Framework\Setup\ModuleDataSetupInterface;
use PHPUnit\Framework\TestCase;

/**
 * What becomes of the attributes in a shop that had version 1.0.0.
 */
class TakePointsOffFormsTest extends TestCase
{
    private const CODES = ['comeback_tags' => '7', 'comeback_balance' => '8', 'comeback_tier' => '9'];

    public function testPointsAndTierLeaveEveryFormTagsStayAndTheGridIsMadeAnew(): void
    {
        $told = $this->applied(self::CODES);
        self::assertSame(
            [['comeback_balance', 'used_in_forms', []], ['comeback_tier', 'used_in_forms', []], ['grid']],
            $told
        );
    }

    public function testAnAttributeThatSomebodyDeletedIsNotMadeAnew(): void
    {
        $told = $this->applied(['comeback_balance' => null] + self::CODES);
        self::assertSame([['comeback_tier', 'used_in_forms', []], ['grid']], $told);
    }

    public function testItComesAfterTheAttributesWhichItDoesNotMakeItself(): void
    {
        self::assertSame([AddCustomerAttributes::class], TakePointsOffForms::getDependencies());
    }

    /**
     * @param array $codes the number of each attribute by its code; null: it is not there
     * @return array what was saved of which attribute, and that the grid is to be made anew, in this order
     */
    private function applied(array $codes): array
    {
        $told = [];
        $config = $this->getMockBuilder(\stdClass::class)->addMethods(['getAttribute'])->getMock();
        $config->method('getAttribute')->willReturnCallback(function (string $type, string $code) use ($codes): object {
            self::assertSame('customer', $type);
            $attribute = $this->getMockBuilder(\stdClass::class)->addMethods(['getId', 'setData'])->getMock();
            $attribute->method('getId')->willReturn($codes[$code]);
            $attribute->method('setData')->willReturnCallback(
                static function (string $name, array $value) use ($attribute, $code): void {
                    $attribute->told = [$code, $name, $value];
                }
            );
            return $attribute;
        });
        $setup = $this->createMock(CustomerSetup::class);
        $setup->method('getEavConfig')->willReturn($config);
        $factory = $this->createMock(CustomerSetupFactory::class);
        $factory->method('create')->willReturn($setup);
        $saved = $this->createMock(Attribute::class);
        $saved->method('save')->willReturnCallback(static function (object $attribute) use (&$told): void {
            $told[] = $attribute->told;
        });
        $grid = $this->createMock(IndexerInterface::class);
        $grid->method('invalidate')->willReturnCallback(static function () use (&$told): void {
            $told[] = ['grid'];
        });
        $indexers = $this->createMock(IndexerRegistry::class);
        $indexers->method('get')->with('customer_grid')->willReturn($grid);
        $database = $this->createMock(ModuleDataSetupInterface::class);
        (new TakePointsOffForms($database, $factory, $saved, $indexers))->apply();
        return $told;
    }
}
