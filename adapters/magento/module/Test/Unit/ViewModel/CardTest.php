<?php
/**
 * Copyright © Comeback contributors.
 * MIT License, see LICENSE.
 */
declare(strict_types=1);

namespace Comeback\Loyalty\Test\Unit\ViewModel;

use Comeback\Loyalty\ViewModel\Card;
use Magento\Customer\Api\Data\CustomerInterface;
use Magento\Customer\Helper\Session\CurrentCustomer;
use Magento\Framework\DataObject;
use Magento\Framework\Exception\NoSuchEntityException;
use PHPUnit\Framework\TestCase;

/**
 * What a customer sees of the points.
 */
class CardTest extends TestCase
{
    public function testBalanceAndTierAreWhatComebackWrote(): void
    {
        $card = $this->card(['comeback_balance' => '1250', 'comeback_tier' => ' Gold ']);
        self::assertTrue($card->isThere());
        self::assertSame([1250, 'Gold'], [$card->balance(), $card->tier()]);
    }

    public function testABalanceOfNothingIsShownAndNothingWrittenIsNot(): void
    {
        self::assertTrue($this->card(['comeback_balance' => '0'])->isThere());
        self::assertFalse($this->card([])->isThere());
    }

    public function testNobodySignedInOrSomebodyDeletedMeanwhileSeesNothing(): void
    {
        $nobody = $this->createMock(CurrentCustomer::class);
        $nobody->expects(self::never())->method('getCustomer');
        self::assertFalse((new Card($nobody))->isThere());
        $deleted = $this->createMock(CurrentCustomer::class);
        $deleted->method('getCustomerId')->willReturn(7);
        $deleted->method('getCustomer')->willThrowException(new NoSuchEntityException(__('gone')));
        self::assertFalse((new Card($deleted))->isThere());
    }

    /**
     * @param array $written
     * @return Card
     */
    private function card(array $written): Card
    {
        $customer = $this->createMock(CustomerInterface::class);
        $customer->method('getCustomAttribute')->willReturnCallback(static function (string $code) use ($written) {
            return isset($written[$code]) ? new DataObject(['value' => $written[$code]]) : null;
        });
        $current = $this->createMock(CurrentCustomer::class);
        $current->method('getCustomerId')->willReturn(7);
        $current->method('getCustomer')->willReturn($customer);
        return new Card($current);
    }
}
